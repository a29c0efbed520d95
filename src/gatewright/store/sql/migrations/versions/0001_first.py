"""The first schema: all nouns, and the changes that followers read."""

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table."""
    _make_tenants()
    _make_apis()
    _make_deployments()
    _make_applications()
    _make_subscriptions()
    _make_credentials()
    _make_tokens()
    _make_people()
    _make_records()
    _make_observed()


def _make_tenants() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", KEY, nullable=False),
        sa.Column("handle", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("signing_algorithm", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("token_ttl_seconds_min", sa.BigInteger, nullable=False),
        sa.Column("token_ttl_seconds_max", sa.BigInteger, nullable=False),
        sa.Column("key_rotation_days", sa.BigInteger, nullable=False),
        sa.Column("key_announcement_seconds", sa.BigInteger, nullable=False),
        sa.Column("registration_enabled", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
        sa.UniqueConstraint("handle", name="uq_organizations_handle"),
    )
    op.create_table(
        "environments",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("handle", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("gateway_url", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_environments"),
        sa.UniqueConstraint(
            "organization_id", "handle", name="uq_environments_organization_id_handle"
        ),
        _refers("environments", "organization_id", "organizations"),
    )
    op.create_table(
        "plans",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("request_count", sa.BigInteger, nullable=True),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plans"),
        sa.UniqueConstraint("organization_id", "name", name="uq_plans_organization_id_name"),
        _refers("plans", "organization_id", "organizations"),
    )


def _make_apis() -> None:
    op.create_table(
        "apis",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("handle", sa.Text, nullable=False),
        sa.Column("context", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("upstreams", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_apis"),
        sa.UniqueConstraint(
            "organization_id", "context", "version", name="uq_apis_organization_id_context_version"
        ),
        sa.UniqueConstraint(
            "organization_id", "handle", "version", name="uq_apis_organization_id_handle_version"
        ),
        _refers("apis", "organization_id", "organizations"),
    )
    op.create_index("ix_apis_organization_id_id", "apis", ["organization_id", "id"])


def _make_deployments() -> None:
    op.create_table(
        "revisions",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("api_id", KEY, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revisions"),
        sa.UniqueConstraint("api_id", "number", name="uq_revisions_api_id_number"),
        _refers("revisions", "api_id", "apis"),
        _refers("revisions", "organization_id", "organizations"),
    )
    op.create_table(
        "deployments",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("api_id", KEY, nullable=False),
        sa.Column("environment_id", KEY, nullable=False),
        sa.Column("revision_id", KEY, nullable=False),
        sa.Column("upstream", sa.Text, nullable=False),
        sa.Column("deployed_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deployments"),
        sa.UniqueConstraint(
            "api_id", "environment_id", name="uq_deployments_api_id_environment_id"
        ),
        _refers("deployments", "api_id", "apis"),
        _refers("deployments", "environment_id", "environments"),
        _refers("deployments", "organization_id", "organizations"),
        _refers("deployments", "revision_id", "revisions"),
    )
    op.create_index("ix_deployments_environment_id", "deployments", ["environment_id"])
    op.create_index("ix_deployments_revision_id", "deployments", ["revision_id"])


def _make_applications() -> None:
    op.create_table(
        "applications",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("handle", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("allowed_scopes", sa.Text, nullable=True),
        sa.Column("blocked", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("owner_id", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
        sa.UniqueConstraint(
            "organization_id", "handle", name="uq_applications_organization_id_handle"
        ),
        _refers("applications", "organization_id", "organizations"),
    )
    op.create_index("ix_applications_organization_id_id", "applications", ["organization_id", "id"])
    op.create_index("ix_applications_owner_id", "applications", ["owner_id"])


def _make_subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("api_handle", sa.Text, nullable=False),
        sa.Column("api_major", sa.BigInteger, nullable=False),
        sa.Column("plan_id", KEY, nullable=False),
        sa.Column("blocked", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subscriptions"),
        sa.UniqueConstraint(
            "application_id",
            "api_handle",
            "api_major",
            name="uq_subscriptions_application_id_api_handle_api_major",
        ),
        _refers("subscriptions", "application_id", "applications"),
        _refers("subscriptions", "organization_id", "organizations"),
        _refers("subscriptions", "plan_id", "plans"),
    )
    op.create_index(
        "ix_subscriptions_organization_id_api_handle_api_major",
        "subscriptions",
        ["organization_id", "api_handle", "api_major"],
    )
    op.create_index(
        "ix_subscriptions_organization_id_id", "subscriptions", ["organization_id", "id"]
    )
    op.create_index("ix_subscriptions_plan_id", "subscriptions", ["plan_id"])


def _make_credentials() -> None:
    op.create_table(
        "credentials",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("token_ttl_seconds", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("dpop_bound_access_tokens", sa.Boolean, nullable=False),
        sa.Column("tls_client_certificate_bound_access_tokens", sa.Boolean, nullable=False),
        sa.Column("introspects_all", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_credentials"),
        sa.UniqueConstraint("application_id", "kind", name="uq_credentials_application_id_kind"),
        sa.UniqueConstraint("client_id", name="uq_credentials_client_id"),
        _refers("credentials", "application_id", "applications"),
        _refers("credentials", "organization_id", "organizations"),
    )
    op.create_table(
        "secrets",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("credential_id", KEY, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("pepper_id", sa.Text, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=True),
        sa.Column("revoked_at", sa.BigInteger, nullable=True),
        sa.Column("last_used_at", sa.BigInteger, nullable=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_secrets"),
        sa.UniqueConstraint("digest", name="uq_secrets_digest"),
        _refers("secrets", "credential_id", "credentials"),
        _refers("secrets", "organization_id", "organizations"),
    )
    op.create_index("ix_secrets_credential_id", "secrets", ["credential_id"])


def _make_tokens() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("algorithm", sa.Text, nullable=False),
        sa.Column("public_jwk", sa.Text, nullable=False),
        sa.Column("sealed_private_key", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("backend", sa.Text, nullable=False),
        sa.Column("announced_sequence", sa.BigInteger, nullable=False),
        sa.Column("activates_at", sa.BigInteger, nullable=True),
        sa.Column("retired_at", sa.BigInteger, nullable=True),
        sa.Column("removes_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_signing_keys"),
        _refers("signing_keys", "organization_id", "organizations"),
    )
    op.create_index(
        "ix_signing_keys_organization_id_kind", "signing_keys", ["organization_id", "kind"]
    )
    op.create_table(
        "revoked_tokens",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revoked_tokens"),
        _refers("revoked_tokens", "organization_id", "organizations"),
    )


def _make_people() -> None:
    op.create_table(
        "users",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("handle", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("organization_id", "handle", name="uq_users_organization_id_handle"),
        _refers("users", "organization_id", "organizations"),
    )
    op.create_table(
        "logins",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("pepper_id", sa.Text, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=True),
        sa.Column("used_at", sa.BigInteger, nullable=True),
        sa.Column("revoked_at", sa.BigInteger, nullable=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_logins"),
        sa.UniqueConstraint("digest", name="uq_logins_digest"),
        _refers("logins", "organization_id", "organizations"),
        _refers("logins", "user_id", "users"),
    )
    op.create_index("ix_logins_user_id", "logins", ["user_id"])


def _make_records() -> None:
    op.create_table(
        "audit_records",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_records"),
    )
    op.create_index(
        "ix_audit_records_organization_id_id", "audit_records", ["organization_id", "id"]
    )
    op.create_table(
        "kept_answers",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("sealed_body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kept_answers"),
    )


def _make_observed() -> None:
    op.create_table(
        "gateway_nodes",
        sa.Column("id", KEY, nullable=False),
        sa.Column("environment_ids", sa.Text, nullable=False),
        sa.Column("connected", sa.Boolean, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("applied_sequence", sa.BigInteger, nullable=False),
        sa.Column("rejection", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gateway_nodes"),
    )
    op.create_table(
        "api_faults",
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("api_id", KEY, nullable=False),
        sa.Column("environment_id", KEY, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("serving", sa.Boolean, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_faults"),
    )
    op.create_index("ix_api_faults_api_id", "api_faults", ["api_id"])
    op.create_table(
        "changes",
        sa.Column("sequence", SERIAL, nullable=False),
        sa.Column("noun", sa.Text, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("organization_id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_changes"),
        sqlite_autoincrement=True,
    )


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{to}.id"], name=f"fk_{table}_{column}", deferrable=True, initially="DEFERRED"
    )
