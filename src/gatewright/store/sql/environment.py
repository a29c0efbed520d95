"""The table of environments."""

from sqlalchemy import Column, Text

from gatewright.domain.environment import Environment, Kind
from gatewright.store.sql.columns import Choice, Count, Moment
from gatewright.store.sql.schema import noun, organization_column, unique

ENVIRONMENTS = noun(
    "environments",
    Environment,
    organization_column(),
    Column("handle", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Choice(Kind), nullable=False),
    Column("position", Count, nullable=False),
    Column("gateway_url", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revision", Count, nullable=False),
    unique(
        "organization_id",
        "handle",
        field="handle",
        reason="An environment of this handle exists already.",
        way_out="Choose another handle.",
    ),
)
