"""The table of applications."""

from sqlalchemy import Boolean, Column, Index, Text

from gatewright.domain.application import Application
from gatewright.store.sql.columns import Count, Moment, TextSet
from gatewright.store.sql.schema import noun, organization_column, unique

APPLICATIONS = noun(
    "applications",
    Application,
    organization_column(),
    Column("handle", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("allowed_scopes", TextSet, nullable=True),
    Column("blocked", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("owner_id", Text, nullable=False),
    Column("revision", Count, nullable=False),
    unique(
        "organization_id",
        "handle",
        field="handle",
        reason="An application of this handle exists already.",
        way_out="Choose another name.",
    ),
    Index(None, "organization_id", "id"),  # pages
    Index(None, "owner_id"),  # what a consumer may see
)
