"""What is answered about authenticators of clients."""

from datetime import datetime
from typing import Any

from gatewright.domain.authenticator import Method
from gatewright.interfaces.management.models import Out


class AuthenticatorOut(Out):
    """A way to prove oneself; nothing of `settings` is secret. `thumbprints` are the `x5t#S256`
    of registered certificates."""

    id: str
    name: str
    method: Method
    settings: dict[str, Any]
    thumbprints: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    usable: bool
    expires_soon: bool
