"""An STS access token's names: issuers, audiences, private claims, and revocations."""

from dataclasses import dataclass
from datetime import datetime

from gatewright.domain.environment import Kind

SUBJECT_CLAIM = "gwk"
"""Private claim with the credential's subject key, the gateway's look-up key."""


@dataclass(frozen=True, slots=True)
class RevokedToken:
    """A `jti` that is refused until the token's own expiry; `id` is the jti."""

    id: str
    organization_id: str
    kind: Kind
    expires_at: datetime
    revoked_at: datetime


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair of one issuer. `sealed_private_key` is encrypted; `public_jwk` is JSON text.

    `state` is announced (published, not signing yet), active (signs) or retired (verifies only).
    `id` is the kid.
    """

    id: str
    organization_id: str
    kind: Kind
    algorithm: str
    public_jwk: str
    sealed_private_key: bytes
    state: str
    created_at: datetime
    revision: int = 1

    def __repr__(self) -> str:
        return f"SigningKey(id={self.id!r}, kind={self.kind!r}, state={self.state!r})"


def issuer(sts_url: str, organization_handle: str, kind: Kind) -> str:
    """The issuer identifier (RFC 8414 §2) of an organization and kind, under the public URL."""
    return f"{sts_url}/sts/{organization_handle}/{kind}"
