"""API keys and test keys: signed tokens of the gateway's own, in headers of their own."""

from dataclasses import dataclass
from datetime import datetime

from gatewright.domain.environment import Kind

API_KEY_PREFIX = "gwk_"
"""How every API key begins, so that scanners of leaked secrets know one."""

API_KEY_HEADER, TEST_KEY_HEADER = "api-key", "test-key"
API_KEYS_MAX = 50
TEST_KEY_TTL_SECONDS = 900
TEST_SUBJECT = "test"
"""The subject of every test key: it may call the one API that its audience names."""

API_KEY_SCOPE = "urn:gatewright:api-key"
"""Stands among the scopes of each API key: what an operation asks for that takes any API key."""

EVERY_SCOPE = "urn:gatewright:every-scope"
"""Stands for the scopes of an API key that is not narrowed: good for every operation that takes
API keys."""

RESERVED_SCOPES = frozenset({API_KEY_SCOPE, EVERY_SCOPE})
"""Names that no API may define and no access token may hold: they say what kind of key it is."""

SCOPES_LENGTH_MAX = 4096
"""Characters of the scopes in one key: larger ones break headers."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of an application. Neither this nor a gateway holds the key itself, only its `id`,
    by which the gateway looks subscriptions up; `scopes` None are all that the application has."""

    id: str
    organization_id: str
    application_id: str
    kind: Kind
    name: str
    hint: str
    scopes: frozenset[str] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    revision: int = 1

    @property
    def subject_key(self) -> str:
        """Its id, which no client of our own can have."""
        return self.id

    def state(self, now: datetime) -> str:
        """`active`, `expired` or `revoked`, whichever came first."""
        if self.expires_at is not None and self.expires_at <= (self.revoked_at or now):
            return "expired"
        return "active" if self.revoked_at is None else "revoked"

    def usable(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class ApiKeySigner:
    """What signs the API keys and test keys of an organization and kind, and nothing else.

    `id` is the kid, `public_jwk` JSON text, `sealed_private_key` encrypted.
    """

    id: str
    organization_id: str
    kind: Kind
    public_jwk: str
    sealed_private_key: bytes
    created_at: datetime

    def __repr__(self) -> str:
        return f"ApiKeySigner(id={self.id!r}, kind={self.kind!r})"


def key_issuer(token_issuer: str) -> str:
    """Who API keys and test keys say made them: beside the issuer of access tokens."""
    return f"{token_issuer}/keys"


def api_key_audience(kind: Kind) -> str:
    """Whom API keys are for: every gateway of that kind."""
    return f"urn:gatewright:api-key:{kind}"


def test_key_audience(environment_id: str) -> str:
    """Whom test keys are for: the gateway of one environment."""
    return f"urn:gatewright:test-key:{environment_id}"
