"""A key manager: an outside token issuer that the organization trusts."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class KeyManager:
    """An issuer with its keys, `jwks` (JSON text) or where they are fetched, `jwks_uri`.

    Its tokens must name one of `audiences`. `client_claim` and `scope_claim` say where it writes
    the client and the scopes. The flags say what its tokens are good for: RFC 8693, RFC 7523 §2.1.
    """

    id: str
    organization_id: str
    handle: str
    name: str
    issuer: str
    jwks_uri: str | None
    jwks: str | None
    audiences: frozenset[str]
    client_claim: str
    scope_claim: str
    token_exchange: bool
    jwt_bearer: bool
    enabled: bool
    created_at: datetime
    revision: int = 1
