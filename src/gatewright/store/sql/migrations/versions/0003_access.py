"""What lets a call in beside the token service's tokens, and how often: plans, keys, clients."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_NOTHING = "{}"


def upgrade() -> None:
    """Widen the tables and make the new ones."""
    _widen()
    _make_key_sets()
    _make_api_keys()


def _widen() -> None:
    _add("plans", sa.Column("description", sa.Text, nullable=False, server_default=""))
    _add("plans", sa.Column("burst_count", sa.BigInteger, nullable=True))
    _add("plans", sa.Column("burst_seconds", sa.BigInteger, nullable=False, server_default="1"))
    _add("plans", _flag("stop_on_quota", on=True))
    _add("subscriptions", _flag("pending", on=False))
    _add("subscriptions", sa.Column("rejection", sa.Text, nullable=False, server_default=""))
    _add("credentials", sa.Column("grant_types", sa.Text, nullable=True))
    _add("credentials", sa.Column("auth_methods", sa.Text, nullable=True))
    _add("apis", sa.Column("limits", sa.Text, nullable=False, server_default=_NOTHING))
    _add("apis", _flag("approval_required", on=False))
    _add("apis", sa.Column("deprecated_at", sa.BigInteger, nullable=True))
    _add("apis", sa.Column("sunset_at", sa.BigInteger, nullable=True))
    _add("deployments", sa.Column("limits", sa.Text, nullable=False, server_default=_NOTHING))
    _add("deployments", sa.Column("history", sa.Text, nullable=False, server_default="[]"))
    _add("key_managers", sa.Column("kind", sa.Text, nullable=False, server_default="oidc"))
    _add("key_managers", _flag("api_access", on=False))
    _add("key_managers", sa.Column("environments", sa.Text, nullable=False, server_default="[]"))
    _add("key_managers", sa.Column("role_claim", sa.Text, nullable=False, server_default=""))
    for name in ("role_scopes", "endpoints"):
        _add("key_managers", sa.Column(name, sa.Text, nullable=False, server_default=_NOTHING))


def _make_key_sets() -> None:
    op.create_table(
        "fetched_key_sets",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("jwks_uri", sa.Text, nullable=False),
        sa.Column("jwks", sa.Text, nullable=True),
        sa.Column("fetched_at", sa.BigInteger, nullable=True),
        sa.Column("checked_at", sa.BigInteger, nullable=False),
        sa.Column("failure", sa.Text, nullable=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fetched_key_sets"),
        _refers("fetched_key_sets", "organization_id", "organizations"),
    )
    op.create_table(
        "external_clients",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("key_manager_id", KEY, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_external_clients"),
        sa.UniqueConstraint(
            "key_manager_id", "client_id", name="uq_external_clients_key_manager_id_client_id"
        ),
        _refers("external_clients", "key_manager_id", "key_managers"),
        _refers("external_clients", "application_id", "applications"),
        _refers("external_clients", "organization_id", "organizations"),
    )
    op.create_index("ix_external_clients_application_id", "external_clients", ["application_id"])


def _make_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=True),
        sa.Column("revoked_at", sa.BigInteger, nullable=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        _refers("api_keys", "application_id", "applications"),
        _refers("api_keys", "organization_id", "organizations"),
    )
    op.create_index("ix_api_keys_application_id", "api_keys", ["application_id"])
    op.create_table(
        "api_key_signers",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("public_jwk", sa.Text, nullable=False),
        sa.Column("sealed_private_key", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_key_signers"),
        sa.UniqueConstraint(
            "organization_id", "kind", name="uq_api_key_signers_organization_id_kind"
        ),
        _refers("api_key_signers", "organization_id", "organizations"),
    )


def _add(table: str, column: sa.Column[Any]) -> None:
    op.add_column(table, column)


def _flag(name: str, *, on: bool) -> sa.Column[bool]:
    default = sa.true() if on else sa.false()
    return sa.Column(name, sa.Boolean, nullable=False, server_default=default)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{to}.id"], name=f"fk_{table}_{column}", deferrable=True, initially="DEFERRED"
    )
