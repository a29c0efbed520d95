"""The table of key managers."""

from sqlalchemy import Boolean, Column, Text

from gatewright.domain.key_manager import KeyManager
from gatewright.store.sql.columns import Count, Moment, TextSet
from gatewright.store.sql.schema import noun, organization_column, unique

KEY_MANAGERS = noun(
    "key_managers",
    KeyManager,
    organization_column(),
    Column("handle", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("jwks_uri", Text, nullable=True),
    Column("jwks", Text, nullable=True),
    Column("audiences", TextSet, nullable=False),
    Column("client_claim", Text, nullable=False),
    Column("scope_claim", Text, nullable=False),
    Column("token_exchange", Boolean, nullable=False),
    Column("jwt_bearer", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revision", Count, nullable=False),
    unique(
        "organization_id",
        "handle",
        field="handle",
        reason="A key manager of this handle exists already.",
        way_out="Choose another name.",
    ),
    unique(
        "organization_id",
        "issuer",
        field="issuer",
        reason="A key manager of this issuer exists already.",
        way_out="Change that one instead.",
    ),
)
