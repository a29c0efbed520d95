"""The table of subscription plans."""

from sqlalchemy import Boolean, Column, Text

from gatewright.domain.plan import Plan
from gatewright.store.sql.columns import Count, Moment
from gatewright.store.sql.schema import noun, organization_column, unique

PLANS = noun(
    "plans",
    Plan,
    organization_column(),
    Column("name", Text, nullable=False),
    Column("request_count", Count, nullable=True),
    Column("unit", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revision", Count, nullable=False),
    Column("description", Text, nullable=False),
    Column("burst_count", Count, nullable=True),
    Column("burst_seconds", Count, nullable=False),
    Column("stop_on_quota", Boolean, nullable=False),
    unique(
        "organization_id",
        "name",
        field="name",
        reason="A plan of this name exists already.",
        way_out="Choose another name.",
    ),
)
