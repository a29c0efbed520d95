"""The bodies by which signing keys are replaced."""

from gatewright.domain.environment import Kind
from gatewright.interfaces.management.bodies import In


class KeyRotationIn(In):
    """`now`: the new keys sign as soon as every connected gateway has them, not after the time
    of announcement. `emergency`: every key goes at once, and so does every token. Without `kind`
    both issuers' keys are replaced."""

    kind: Kind | None = None
    now: bool = False
    emergency: bool = False


class EverythingIn(In):
    """Without `kind` the tokens of both issuers end."""

    kind: Kind | None = None
