"""The tables of users and of what proves who they are."""

from sqlalchemy import Column, Index, Text

from gatewright.domain.person import Login, LoginKind, Role, User
from gatewright.store.sql.columns import Choice, Count, Key, Moment
from gatewright.store.sql.schema import noun, organization_column, refers_to, unique

USERS = noun(
    "users",
    User,
    organization_column(),
    Column("handle", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Choice(Role), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revision", Count, nullable=False),
    unique(
        "organization_id",
        "handle",
        field="handle",
        reason="A user of this handle exists already.",
        way_out="Choose another handle.",
    ),
)

LOGINS = noun(
    "logins",
    Login,
    organization_column(),
    Column("user_id", Key, refers_to("users"), nullable=False),
    Column("kind", Choice(LoginKind), nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("pepper_id", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
    Column("used_at", Moment, nullable=True),
    Column("revoked_at", Moment, nullable=True),
    Column("revision", Count, nullable=False),
    unique("digest", field="digest", reason="This secret is in use.", way_out="Try again."),
    Index(None, "user_id"),
)
