"""The tables of dynamic client registration."""

from sqlalchemy import Column, Text

from gatewright.domain.environment import Kind
from gatewright.domain.registration import InitialAccessToken, Registration
from gatewright.store.sql.columns import Choice, Count, Key, Moment
from gatewright.store.sql.schema import noun, organization_column, refers_to, unique

INITIAL_ACCESS_TOKENS = noun(
    "initial_access_tokens",
    InitialAccessToken,
    organization_column(),
    Column("kind", Choice(Kind), nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("pepper_id", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("owner_id", Text, nullable=False),
    Column("uses_left", Count, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
    Column("last_used_at", Moment, nullable=True),
    Column("revision", Count, nullable=False),
    unique("digest", field="digest", reason="This token is in use.", way_out="Try again."),
)

REGISTRATIONS = noun(
    "registrations",
    Registration,
    organization_column(),
    Column("application_id", Key, refers_to("applications"), nullable=False),
    Column("credential_id", Key, refers_to("credentials"), nullable=False),
    Column("initial_access_token_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("pepper_id", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revision", Count, nullable=False),
    unique("digest", field="digest", reason="This token is in use.", way_out="Try again."),
    unique(
        "credential_id",
        field="credential_id",
        reason="This client is registered already.",
        way_out="Change its registration instead.",
    ),
)
