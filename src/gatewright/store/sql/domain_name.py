"""The table of domain names."""

from sqlalchemy import Column, Index, LargeBinary, Text

from gatewright.domain.domain_name import DomainName
from gatewright.store.sql.columns import Count, Key, Moment
from gatewright.store.sql.schema import noun, organization_column, refers_to, unique

DOMAINS = noun(
    "domains",
    DomainName,
    organization_column(),
    Column("environment_id", Key, refers_to("environments"), nullable=False),
    Column("host", Text, nullable=False),
    Column("certificate", Text, nullable=False),
    Column("sealed_private_key", LargeBinary, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revision", Count, nullable=False),
    unique(
        "host",
        field="host",
        reason="is taken, or stands for one that is.",
        way_out="Use another host name.",
    ),
    Index(None, "organization_id"),
)
