"""The table of authenticators."""

from sqlalchemy import Column, Index, Text

from gatewright.domain.authenticator import Authenticator, Method
from gatewright.store.sql.columns import Choice, Count, Key, Moment, TextMap
from gatewright.store.sql.schema import noun, organization_column, refers_to

AUTHENTICATORS = noun(
    "authenticators",
    Authenticator,
    organization_column(),
    Column("credential_id", Key, refers_to("credentials"), nullable=False),
    Column("name", Text, nullable=False),
    Column("method", Choice(Method), nullable=False),
    Column("settings", TextMap, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
    Column("last_used_at", Moment, nullable=True),
    Column("revision", Count, nullable=False),
    Index(None, "credential_id"),
)
