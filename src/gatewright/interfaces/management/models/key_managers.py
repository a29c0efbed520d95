"""What is answered about key managers; all of it is public."""

from datetime import datetime

from gatewright.interfaces.management.models import Out


class KeyManagerOut(Out):
    """An outside issuer that is trusted. Its keys are `jwks`, or are fetched from `jwks_uri`."""

    id: str
    handle: str
    name: str
    issuer: str
    jwks_uri: str | None
    jwks: str | None
    audiences: list[str]
    client_claim: str
    scope_claim: str
    token_exchange: bool
    jwt_bearer: bool
    enabled: bool
    created_at: datetime
    revision: int
