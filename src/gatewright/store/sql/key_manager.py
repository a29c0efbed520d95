"""The tables of key managers, of their fetched keys and of their linked clients."""

from sqlalchemy import Boolean, Column, Index, Text

from gatewright.domain.key_manager import ExternalClient, FetchedKeySet, KeyManager
from gatewright.store.sql.columns import Count, Key, Moment, TextMap, TextSet
from gatewright.store.sql.schema import noun, organization_column, refers_to, unique

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
    Column("kind", Text, nullable=False),
    Column("api_access", Boolean, nullable=False),
    Column("environments", TextSet, nullable=False),
    Column("role_claim", Text, nullable=False),
    Column("role_scopes", TextMap, nullable=False),
    Column("endpoints", TextMap, nullable=False),
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

FETCHED_KEY_SETS = noun(
    "fetched_key_sets",
    FetchedKeySet,
    organization_column(),
    Column("jwks_uri", Text, nullable=False),
    Column("jwks", Text, nullable=True),
    Column("fetched_at", Moment, nullable=True),
    Column("checked_at", Moment, nullable=False),
    Column("failure", Text, nullable=True),
    Column("revision", Count, nullable=False),
)

EXTERNAL_CLIENTS = noun(
    "external_clients",
    ExternalClient,
    organization_column(),
    Column("key_manager_id", Key, refers_to("key_managers"), nullable=False),
    Column("client_id", Text, nullable=False),
    Column("application_id", Key, refers_to("applications"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revision", Count, nullable=False),
    unique(
        "key_manager_id",
        "client_id",
        field="client_id",
        reason="This client of the key manager is linked to an application already.",
        way_out="A client acts for one application only: unlink it there first.",
    ),
    Index(None, "application_id"),
)
