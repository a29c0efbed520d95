"""The tables of signing keys, of revoked tokens and of used proofs."""

from sqlalchemy import Column, Index, LargeBinary, Text

from gatewright.domain.environment import Kind
from gatewright.domain.token import RevokedToken, SigningKey, UsedProof
from gatewright.store.sql.columns import Choice, Count, Moment
from gatewright.store.sql.schema import noun, organization_column

SIGNING_KEYS = noun(
    "signing_keys",
    SigningKey,
    organization_column(),
    Column("kind", Choice(Kind), nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("public_jwk", Text, nullable=False),
    Column("sealed_private_key", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revision", Count, nullable=False),
    Column("backend", Text, nullable=False),
    Column("announced_sequence", Count, nullable=False),
    Column("activates_at", Moment, nullable=True),
    Column("retired_at", Moment, nullable=True),
    Column("removes_at", Moment, nullable=True),
    Index(None, "organization_id", "kind"),
)

REVOKED_TOKENS = noun(
    "revoked_tokens",
    RevokedToken,
    organization_column(),
    Column("kind", Choice(Kind), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment, nullable=False),
)

USED_PROOFS = noun("used_proofs", UsedProof, Column("expires_at", Moment, nullable=False))
