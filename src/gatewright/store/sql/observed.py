"""The tables that gateways write; they refer to nothing, as a report may come after a removal."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Text

from gatewright.domain.observed import ApiFault, GatewayNode
from gatewright.store.sql.columns import Count, Key, Moment, TextSet
from gatewright.store.sql.schema import noun

GATEWAY_NODES = noun(
    "gateway_nodes",
    GatewayNode,
    Column("environment_ids", TextSet, nullable=False),
    Column("connected", Boolean, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("version", Text, nullable=False),
    Column("applied_sequence", BigInteger, nullable=False),
    Column("rejection", Text, nullable=False),
    Column("revision", Count, nullable=False),
)

API_FAULTS = noun(
    "api_faults",
    ApiFault,
    Column("organization_id", Key, nullable=False),
    Column("api_id", Key, nullable=False),
    Column("environment_id", Key, nullable=False),
    Column("reason", Text, nullable=False),
    Column("serving", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("revision", Count, nullable=False),
    Index(None, "api_id"),
)
