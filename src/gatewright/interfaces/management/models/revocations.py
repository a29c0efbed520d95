"""What the API shows of revocations of many tokens at once."""

from gatewright.domain.environment import Kind
from gatewright.interfaces.management.models import Out


class RevokedTokensOut(Out):
    """`kinds` are those whose tokens ended; `live` tells whether every connected gateway refuses
    them already. With status 202 it is false: ask `/live` for the write's sequence."""

    application: str
    kinds: list[Kind]
    live: bool
