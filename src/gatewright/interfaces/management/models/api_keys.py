"""What is answered about API keys: a key itself only once, when it was just made."""

from datetime import datetime

from gatewright.domain.environment import Kind
from gatewright.interfaces.management.models import Out


class ApiKeyOut(Out):
    """An API key, told apart by its hint. `scopes` null are all that the application has.

    `state` is active, expired or revoked; `key` is shown once, at creation, and belongs in the
    header that `header` names.
    """

    id: str
    name: str
    kind: Kind
    hint: str
    scopes: list[str] | None
    state: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    expires_soon: bool
    header: str
    key: str | None = None


class RegeneratedOut(ApiKeyOut):
    """The new key, shown this once, and the old one with its end."""

    old: ApiKeyOut


class RevokedKeyOut(ApiKeyOut):
    """`live` tells whether every connected gateway refuses it already."""

    live: bool


class ReplacedSignerOut(Out):
    """What ended: `ended` API keys of a kind, and its test keys. `signer` is the kid of the new
    signer; `live` tells whether every connected gateway refuses the old one already."""

    kind: Kind
    signer: str
    ended: int
    live: bool
