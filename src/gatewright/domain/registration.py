"""Dynamic client registration: who may register (RFC 7591), and who manages what they made."""

from dataclasses import dataclass
from datetime import datetime

from gatewright.domain.environment import Kind


@dataclass(frozen=True, slots=True)
class InitialAccessToken:
    """Lets its holder register clients of one kind (RFC 7591 §3); `uses_left` None has no end.

    Kept as a keyed hash; `owner_id` is the user who made it and owns the applications made by it.
    """

    id: str
    organization_id: str
    kind: Kind
    name: str
    digest: str
    pepper_id: str
    hint: str
    owner_id: str
    uses_left: int | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revision: int = 1

    def usable(self, now: datetime) -> bool:
        """Neither used up nor expired."""
        return self.uses_left != 0 and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Registration:
    """A client that registered itself. `metadata` is what it said, as JSON text (RFC 7591 §2).

    `digest` is the keyed hash of its registration access token (RFC 7592 §3).
    """

    id: str
    organization_id: str
    application_id: str
    credential_id: str
    initial_access_token_id: str
    digest: str
    pepper_id: str
    metadata: str
    created_at: datetime
    revision: int = 1
