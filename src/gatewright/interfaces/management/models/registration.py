"""What the management API answers about dynamic client registration."""

from datetime import datetime
from typing import Any

from gatewright.domain.environment import Kind
from gatewright.interfaces.management.models import Out


class RegistrationOut(Out):
    """Whether clients may register themselves, and where (RFC 7591 §3)."""

    enabled: bool
    endpoints: dict[Kind, str]


class InitialAccessTokenOut(Out):
    """Lets its holder register clients; `token` is shown once. `uses_left` null has no end."""

    id: str
    name: str
    kind: Kind
    hint: str
    owner_id: str
    uses_left: int | None
    usable: bool
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    token: str | None = None


class RegisteredClientOut(Out):
    """A client that registered itself; `metadata` is what it said (RFC 7591 §2)."""

    id: str
    client_id: str
    application_id: str
    initial_access_token_id: str
    created_at: datetime
    metadata: dict[str, Any]
