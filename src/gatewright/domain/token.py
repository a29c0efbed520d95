"""An STS access token's names: issuers, audiences, private claims, and revocations."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gatewright.domain.environment import Kind

SUBJECT_CLAIM = "gwk"
"""Private claim with the credential's subject key, the gateway's look-up key."""

BOUND_SUBJECT_CLAIM = "gwb"
"""The same in a token with `cnf`, which has no SUBJECT_CLAIM: as a plain bearer it is nobody's."""

EXCHANGED_CLAIM = "gws"
"""Private claim of a token got by exchange for one of a client of ours: that one's subject key."""

AUDIENCE_CLAIM = "gwa"
"""Private claim of a token for single APIs: its `api_audience`s with spaces between."""

KEY_GRACE = timedelta(minutes=5)
"""How long a retired key outlives the last token it can have signed: clocks differ, and a process
of the token service may hear late of its successor."""


@dataclass(frozen=True, slots=True)
class RevokedToken:
    """What is refused until the tokens' own expiry: `id` is one token's jti, or a subject key,
    which ends every token of that generation of a credential. A jti never holds a dot."""

    id: str
    organization_id: str
    kind: Kind
    expires_at: datetime
    revoked_at: datetime


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair of one issuer. `sealed_private_key` is encrypted; `public_jwk` is JSON text.

    `state` is announced (published, not signing yet), active (signs) or retired (verifies only).
    `id` is the kid. An announced key may sign from `activates_at` on, and not before every
    gateway has `announced_sequence`; a retired one is removed at `removes_at`, when the last
    token that it signed is gone. `backend` names who holds the private half.
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
    backend: str = "sealed"
    announced_sequence: int = 0
    activates_at: datetime | None = None
    retired_at: datetime | None = None
    removes_at: datetime | None = None

    def __repr__(self) -> str:
        return f"SigningKey(id={self.id!r}, kind={self.kind!r}, state={self.state!r})"


@dataclass(frozen=True, slots=True)
class UsedProof:
    """A single-use assertion or proof that was accepted, kept until it would be refused anyway.

    `id` begins with the expiry in a form that sorts by time, so that the oldest come first.
    """

    id: str
    expires_at: datetime


def audience_marker(environment_id: str) -> str:
    """The audience that a token for single APIs has beside theirs: the gateway to look at it."""
    return f"urn:gatewright:{environment_id}"


def api_audience(environment_id: str, context: str, version: str) -> str:
    """One API at one gateway, such as `env_1/books/v1.0`; `version` may be an alias such as v1."""
    return f"{environment_id}{context}/{version}"


def issuer(sts_url: str, organization_handle: str, kind: Kind) -> str:
    """The issuer identifier (RFC 8414 §2) of an organization and kind, under the public URL."""
    return f"{sts_url}/sts/{organization_handle}/{kind}"
