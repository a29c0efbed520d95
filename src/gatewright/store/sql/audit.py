"""The table of audit records; it refers to nothing, so that a record outlives its subject."""

from sqlalchemy import Column, Index, Text

from gatewright.domain.audit import AuditRecord
from gatewright.store.sql.columns import Key, Moment, TextMap
from gatewright.store.sql.schema import noun

AUDIT_RECORDS = noun(
    "audit_records",
    AuditRecord,
    Column("organization_id", Key, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", TextMap, nullable=False),
    Index(None, "organization_id", "id"),
)
