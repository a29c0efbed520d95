"""The tables of credentials and of their secrets."""

from sqlalchemy import Boolean, Column, Index, Text

from gatewright.domain.credential import Credential, Secret
from gatewright.domain.environment import Kind
from gatewright.store.sql.columns import Choice, Count, Key, Moment, TextSet
from gatewright.store.sql.schema import noun, organization_column, refers_to, unique

CREDENTIALS = noun(
    "credentials",
    Credential,
    organization_column(),
    Column("application_id", Key, refers_to("applications"), nullable=False),
    Column("kind", Choice(Kind), nullable=False),
    Column("client_id", Text, nullable=False),
    Column("token_ttl_seconds", Count, nullable=False),
    Column("generation", Count, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revision", Count, nullable=False),
    Column("dpop_bound_access_tokens", Boolean, nullable=False),
    Column("tls_client_certificate_bound_access_tokens", Boolean, nullable=False),
    Column("introspects_all", Boolean, nullable=False),
    Column("grant_types", TextSet, nullable=True),
    Column("auth_methods", TextSet, nullable=True),
    unique(
        "application_id",
        "kind",
        field="kind",
        reason="The application has a credential of this kind already.",
        way_out="Add a secret to it instead.",
    ),
    unique("client_id", field="client_id", reason="This client id is taken.", way_out="Try again."),
)

SECRETS = noun(
    "secrets",
    Secret,
    organization_column(),
    Column("credential_id", Key, refers_to("credentials"), nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("pepper_id", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
    Column("revoked_at", Moment, nullable=True),
    Column("last_used_at", Moment, nullable=True),
    Column("revision", Count, nullable=False),
    unique("digest", field="digest", reason="This secret is in use.", way_out="Try again."),
    Index(None, "credential_id"),
)
