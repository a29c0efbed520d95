"""The tables of APIs, of their revisions and of their deployments."""

from sqlalchemy import Boolean, Column, Index, Text

from gatewright.domain.api import Api, Deployment, Revision
from gatewright.domain.lifecycle import State
from gatewright.store.sql.columns import (
    Choice,
    Count,
    DefinitionText,
    HistoryText,
    Key,
    LimitsByEnvironment,
    LimitsText,
    Moment,
    TextMap,
)
from gatewright.store.sql.schema import noun, organization_column, refers_to, unique

APIS = noun(
    "apis",
    Api,
    organization_column(),
    Column("handle", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("state", Choice(State), nullable=False),
    Column("definition", DefinitionText, nullable=False),
    Column("upstreams", TextMap, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("revision", Count, nullable=False),
    Column("limits", LimitsByEnvironment, nullable=False),
    Column("approval_required", Boolean, nullable=False),
    Column("deprecated_at", Moment, nullable=True),
    Column("sunset_at", Moment, nullable=True),
    unique(
        "organization_id",
        "handle",
        "version",
        field="handle",
        reason="An API of this handle and version exists already.",
        way_out="Choose another handle or version.",
    ),
    unique(
        "organization_id",
        "context",
        "version",
        field="context",
        reason="An API with this context and version exists already.",
        way_out="Choose another context or version.",
    ),
    Index(None, "organization_id", "id"),  # pages
)

REVISIONS = noun(
    "revisions",
    Revision,
    organization_column(),
    Column("api_id", Key, refers_to("apis"), nullable=False),
    Column("number", Count, nullable=False),
    Column("digest", Text, nullable=False),
    Column("definition", DefinitionText, nullable=False),
    Column("created_at", Moment, nullable=False),
    unique(
        "api_id",
        "number",
        field="number",
        reason="The API has a revision of this number already.",
        way_out="Try again.",
    ),
)

DEPLOYMENTS = noun(
    "deployments",
    Deployment,
    organization_column(),
    Column("api_id", Key, refers_to("apis"), nullable=False),
    Column("environment_id", Key, refers_to("environments"), nullable=False),
    Column("revision_id", Key, refers_to("revisions"), nullable=False),
    Column("upstream", Text, nullable=False),
    Column("deployed_at", Moment, nullable=False),
    Column("revision", Count, nullable=False),
    Column("limits", LimitsText, nullable=False),
    Column("history", HistoryText, nullable=False),
    unique(
        "api_id",
        "environment_id",
        field="environment",
        reason="The API is deployed there already.",
        way_out="Deploy again to replace what is there.",
    ),
    Index(None, "environment_id"),
    Index(None, "revision_id"),
)
