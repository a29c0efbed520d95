"""The tables of API keys and of what signs them."""

from sqlalchemy import Column, Index, LargeBinary, Text

from gatewright.domain.api_key import ApiKey, ApiKeySigner
from gatewright.domain.environment import Kind
from gatewright.store.sql.columns import Choice, Count, Key, Moment, TextSet
from gatewright.store.sql.schema import noun, organization_column, refers_to, unique

API_KEYS = noun(
    "api_keys",
    ApiKey,
    organization_column(),
    Column("application_id", Key, refers_to("applications"), nullable=False),
    Column("kind", Choice(Kind), nullable=False),
    Column("name", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("scopes", TextSet, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
    Column("revoked_at", Moment, nullable=True),
    Column("revision", Count, nullable=False),
    Index(None, "application_id"),
)

API_KEY_SIGNERS = noun(
    "api_key_signers",
    ApiKeySigner,
    organization_column(),
    Column("kind", Choice(Kind), nullable=False),
    Column("public_jwk", Text, nullable=False),
    Column("sealed_private_key", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    unique(
        "organization_id",
        "kind",
        field="kind",
        reason="There is a signer of this kind already.",
        way_out="Try again.",
    ),
)
