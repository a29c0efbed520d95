"""What the gateways counted: who called what, how often and how long it took."""

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
FLOORS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000)


def upgrade() -> None:
    """Make the tables of usage: what is counted, how often by period, and how far it was read."""
    op.create_table(
        "usage_series",
        sa.Column("id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("node_id", KEY, nullable=False),
        sa.Column("environment_id", KEY, nullable=False),
        sa.Column("api", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("application", KEY, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("status", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_usage_series"),
    )
    op.create_index("ix_usage_series_organization_id", "usage_series", ["organization_id"])
    op.create_table(
        "usage_points",
        sa.Column("series_id", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.BigInteger, nullable=False),
        sa.Column("starts_at", sa.BigInteger, nullable=False),
        sa.Column("calls", sa.BigInteger, nullable=False),
        *(sa.Column(f"ms_{floor}", sa.BigInteger, nullable=True) for floor in FLOORS),
        sa.PrimaryKeyConstraint("series_id", "seconds", "starts_at", name="pk_usage_points"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_usage_points_seconds_starts_at", "usage_points", ["seconds", "starts_at"])
    op.create_table(
        "usage_marks",
        sa.Column("node_id", KEY, nullable=False),
        sa.Column("boot", sa.Text, nullable=False),
        sa.Column("taken_at", sa.BigInteger, nullable=False),
        sa.Column("counters", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("node_id", name="pk_usage_marks"),
    )
