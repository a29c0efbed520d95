"""The table of organizations."""

from sqlalchemy import Boolean, Column, Text

from gatewright.domain.organization import Organization
from gatewright.store.sql.columns import Count, Moment
from gatewright.store.sql.schema import noun, unique

ORGANIZATIONS = noun(
    "organizations",
    Organization,
    Column("handle", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("signing_algorithm", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revision", Count, nullable=False),
    Column("token_ttl_seconds_min", Count, nullable=False),
    Column("token_ttl_seconds_max", Count, nullable=False),
    Column("key_rotation_days", Count, nullable=False),
    Column("key_announcement_seconds", Count, nullable=False),
    Column("registration_enabled", Boolean, nullable=False),
    unique(
        "handle",
        field="handle",
        reason="An organization of this handle exists already.",
        way_out="Choose another handle.",
    ),
)
