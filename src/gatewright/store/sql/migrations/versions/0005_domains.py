"""Domain names, by which organizations share a gateway over TLS."""

import sqlalchemy as sa
from alembic import op

revision = "5"
down_revision = "4"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "domains",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("environment_id", KEY, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("certificate", sa.Text, nullable=False),
        sa.Column("sealed_private_key", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_domains"),
        sa.UniqueConstraint("host", name="uq_domains_host"),
        _refers("environment_id", "environments"),
        _refers("organization_id", "organizations"),
    )
    op.create_index("ix_domains_organization_id", "domains", ["organization_id"])


def _refers(column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{to}.id"], name=f"fk_domains_{column}", deferrable=True, initially="DEFERRED"
    )
