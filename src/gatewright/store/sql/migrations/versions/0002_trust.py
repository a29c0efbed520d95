"""What clients prove themselves by beside secrets, outside issuers, and dynamic registration."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _make_authenticators()
    _make_trust()
    _make_registrations()


def _make_authenticators() -> None:
    op.create_table(
        "authenticators",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("credential_id", KEY, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=True),
        sa.Column("last_used_at", sa.BigInteger, nullable=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_authenticators"),
        _refers("authenticators", "credential_id", "credentials"),
        _refers("authenticators", "organization_id", "organizations"),
    )
    op.create_index("ix_authenticators_credential_id", "authenticators", ["credential_id"])


def _make_trust() -> None:
    op.create_table(
        "used_proofs",
        sa.Column("id", KEY, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_used_proofs"),
    )
    op.create_table(
        "key_managers",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("handle", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("jwks_uri", sa.Text, nullable=True),
        sa.Column("jwks", sa.Text, nullable=True),
        sa.Column("audiences", sa.Text, nullable=False),
        sa.Column("client_claim", sa.Text, nullable=False),
        sa.Column("scope_claim", sa.Text, nullable=False),
        sa.Column("token_exchange", sa.Boolean, nullable=False),
        sa.Column("jwt_bearer", sa.Boolean, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_key_managers"),
        sa.UniqueConstraint(
            "organization_id", "handle", name="uq_key_managers_organization_id_handle"
        ),
        sa.UniqueConstraint(
            "organization_id", "issuer", name="uq_key_managers_organization_id_issuer"
        ),
        _refers("key_managers", "organization_id", "organizations"),
    )


def _make_registrations() -> None:
    op.create_table(
        "initial_access_tokens",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("pepper_id", sa.Text, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("owner_id", sa.Text, nullable=False),
        sa.Column("uses_left", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=True),
        sa.Column("last_used_at", sa.BigInteger, nullable=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_initial_access_tokens"),
        sa.UniqueConstraint("digest", name="uq_initial_access_tokens_digest"),
        _refers("initial_access_tokens", "organization_id", "organizations"),
    )
    op.create_table(
        "registrations",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("credential_id", KEY, nullable=False),
        sa.Column("initial_access_token_id", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("pepper_id", sa.Text, nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registrations"),
        sa.UniqueConstraint("digest", name="uq_registrations_digest"),
        sa.UniqueConstraint("credential_id", name="uq_registrations_credential_id"),
        _refers("registrations", "application_id", "applications"),
        _refers("registrations", "credential_id", "credentials"),
        _refers("registrations", "organization_id", "organizations"),
    )


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{to}.id"], name=f"fk_{table}_{column}", deferrable=True, initially="DEFERRED"
    )
