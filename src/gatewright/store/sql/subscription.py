"""The table of subscriptions."""

from sqlalchemy import Boolean, Column, Index, Text

from gatewright.domain.subscription import Subscription
from gatewright.store.sql.columns import Count, Key, Moment
from gatewright.store.sql.schema import noun, organization_column, refers_to, unique

SUBSCRIPTIONS = noun(
    "subscriptions",
    Subscription,
    organization_column(),
    Column("application_id", Key, refers_to("applications"), nullable=False),
    Column("api_handle", Text, nullable=False),
    Column("api_major", Count, nullable=False),
    Column("plan_id", Key, refers_to("plans"), nullable=False),
    Column("blocked", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revision", Count, nullable=False),
    Column("pending", Boolean, nullable=False),
    Column("rejection", Text, nullable=False),
    unique(
        "application_id",
        "api_handle",
        "api_major",
        field="api",
        reason="The application is subscribed to this API already.",
        way_out="Change the plan of that subscription instead.",
    ),
    Index(None, "organization_id", "api_handle", "api_major"),
    Index(None, "plan_id"),
    Index(None, "organization_id", "id"),  # pages
)
