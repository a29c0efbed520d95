"""A credential: an application's OAuth2 client for one kind of environment, and its secrets."""

from dataclasses import dataclass
from datetime import datetime

from gatewright.domain.environment import Kind
from gatewright.domain.errors import Invalid
from gatewright.domain.organization import Organization

TOKEN_TTL_SECONDS_DEFAULT = 900
SECRETS_MAX = 5


@dataclass(frozen=True, slots=True)
class Credential:
    """`generation` is part of every token's subject key: raising it revokes all tokens at once.

    The two `…bound_access_tokens` (RFC 9449 §5.2, RFC 8705 §3.4) demand that every token is bound
    to a key; `introspects_all` makes the client a resource server that may ask about any token.
    `grant_types` and `auth_methods` (RFC 7591 §2) None allow all that the client has means for.
    """

    id: str
    organization_id: str
    application_id: str
    kind: Kind
    client_id: str
    token_ttl_seconds: int
    generation: int
    created_at: datetime
    revision: int = 1
    dpop_bound_access_tokens: bool = False
    tls_client_certificate_bound_access_tokens: bool = False
    introspects_all: bool = False
    grant_types: frozenset[str] | None = None
    auth_methods: frozenset[str] | None = None

    @property
    def subject_key(self) -> str:
        """What the gateway looks subscriptions up by; the token carries it as a private claim."""
        return subject_key(self.client_id, self.generation)


@dataclass(frozen=True, slots=True)
class Secret:
    """One client secret, as a keyed hash. `hint` is its prefix and last four characters."""

    id: str
    organization_id: str
    credential_id: str
    name: str
    digest: str
    pepper_id: str
    hint: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    revision: int = 1

    def usable(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def subject_key(client_id: str, generation: int) -> str:
    """`<client_id>.<generation>`; a client id never holds a dot."""
    return f"{client_id}.{generation}"


def token_ttl(value: int, organization: Organization) -> int:
    """The lifetime in seconds if within the organization's bounds. Raises Invalid."""
    least, most = organization.token_ttl_seconds_min, organization.token_ttl_seconds_max
    if not least <= value <= most:
        way_out = f"{default_token_ttl(organization)} is the default."
        raise Invalid(f"must be {least} to {most} seconds.", "token_ttl_seconds", way_out)
    return value


def default_token_ttl(organization: Organization) -> int:
    """A quarter of an hour, or what comes nearest to it within the organization's bounds."""
    least, most = organization.token_ttl_seconds_min, organization.token_ttl_seconds_max
    return max(least, min(TOKEN_TTL_SECONDS_DEFAULT, most))
