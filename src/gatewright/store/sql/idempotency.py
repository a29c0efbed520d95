"""The table of answers kept for repeated creates."""

from sqlalchemy import Column, Integer, LargeBinary, Text

from gatewright.domain.idempotency import KeptAnswer
from gatewright.store.sql.columns import Key, Moment
from gatewright.store.sql.schema import noun

KEPT_ANSWERS = noun(
    "kept_answers",
    KeptAnswer,
    Column("organization_id", Key, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("sealed_body", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
)
