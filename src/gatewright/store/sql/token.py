"""The tables of signing keys and of revoked tokens."""

from sqlalchemy import Column, Index, LargeBinary, Text

from gatewright.domain.environment import Kind
from gatewright.domain.token import RevokedToken, SigningKey
from gatewright.store.sql.columns import Choice, Count, Moment
from gatewright.store.sql.schema import noun, organization_column

SIGNING_KEYS = noun(
    "signing_keys",
    SigningKey,
    organization_column(),
    Column("kind", Choice(Kind), nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("public_jwk", Text, nullable=False),
    Column("sealed_private_key", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revision", Count, nullable=False),
    Index(None, "organization_id", "kind"),
)

REVOKED_TOKENS = noun(
    "revoked_tokens",
    RevokedToken,
    organization_column(),
    Column("kind", Choice(Kind), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment, nullable=False),
)
