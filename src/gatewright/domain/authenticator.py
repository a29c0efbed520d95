"""An authenticator: what a client proves itself by when it is not a secret."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Method(StrEnum):
    """How it proves itself; the first three are registered at IANA (RFC 7523, RFC 8705)."""

    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS_CLIENT_AUTH = "tls_client_auth"
    SELF_SIGNED_TLS_CLIENT_AUTH = "self_signed_tls_client_auth"
    FEDERATED = "federated"


@dataclass(frozen=True, slots=True)
class Authenticator:
    """A key, a certificate or a trusted outside issuer of one credential.

    `settings` are the method's own, by the names of RFC 7591 §2 and RFC 8705 §2.1.2 where there
    are such; none of them is a secret.
    """

    id: str
    organization_id: str
    credential_id: str
    name: str
    method: Method
    settings: dict[str, str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revision: int = 1

    def usable(self, now: datetime) -> bool:
        """Not expired."""
        return self.expires_at is None or now < self.expires_at
