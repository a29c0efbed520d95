"""Revoking tokens (RFC 7009): who may, and the one row that the gateways then refuse by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from gatewright.domain.audit import AuditRecord
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Conflict
from gatewright.domain.ids import new_id
from gatewright.domain.organization import Organization
from gatewright.domain.token import RevokedToken
from gatewright.domain.world import World, moment
from gatewright.store.port import Store
from gatewright.sts.errors import InvalidGrant
from gatewright.sts.issuer import Issuer
from gatewright.sts.records import Client
from gatewright.sts.request import Form
from gatewright.sts.state import State
from gatewright.sts.verify import SignedClaims, signed_claims

KEPT_AFTER_EXPIRY = timedelta(minutes=5)
"""Gateways allow for clocks that differ; only then is a revocation of no use any more."""

PRUNED_AT_ONCE_MAX = 500
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Revocation:
    """A decision to revoke, still to be written unless it `is_written`: then only gateways may
    lack it. `actor` is who the audit names; `environment_ids` are those whose gateways refuse."""

    token: RevokedToken
    client_id: str
    actor: str
    environment_ids: frozenset[str] = frozenset()
    is_written: bool = False


def decide(state: State, issuer: Issuer, client: Client, form: Form) -> Revocation | None:
    """What is to be written; None when the token is none or not alive.

    The client can not tell these apart from success (RFC 7009 §2.2). `token_type_hint` changes
    nothing. Raises InvalidGrant for a living token of another client, InvalidRequest without one.
    """
    claims = signed_claims(issuer, form.need("token"), state.world.now())
    if claims is None:
        return None
    if claims.client_id != client.credential.client_id:
        raise InvalidGrant("the token was issued to another client.", "token")
    return _revocation(state, issuer, claims, client.credential.client_id)


def decide_as_administrator(
    state: State, organization: Organization, token: str, actor: str = SYSTEM
) -> Revocation | None:
    """The same for somebody who may revoke any token of the organization; None also for a token
    that is revoked already."""
    for kind in Kind:
        issuer = state.issuer(organization.handle, kind)
        claims = signed_claims(issuer, token, state.world.now()) if issuer else None
        if issuer and claims and issuer.organization.id == organization.id:
            found = _revocation(state, issuer, claims, actor)
            return None if found.is_written else found
    return None


def write(store: Store, world: World, revocation: Revocation) -> int:
    """Write the revocation and its audit record as one; the sequence that gateways must reach.

    Blocks for as long as the database takes; of two that revoke at once, one writes. Raises
    Unavailable.
    """
    if not revocation.is_written:
        try:
            return _write(store, world, revocation)
        except Conflict:
            pass  # another worker was faster
    with store.read() as tx:
        return tx.sequence


def _write(store: Store, world: World, revocation: Revocation) -> int:
    row = revocation.token
    record = AuditRecord(
        new_id("aud", world),
        row.organization_id,
        row.revoked_at,
        revocation.actor,
        "token.revoke",
        row.id,
        {"client_id": revocation.client_id, "kind": str(row.kind)},
    )
    with store.write() as tx:
        if tx.revoked_tokens.get(row.id) is None:
            tx.revoked_tokens.add(row)
            tx.audit_records.add(record)
        return tx.sequence


def outlived(state: State) -> list[str]:
    """Ids of revocations whose tokens expired long enough ago, at most PRUNED_AT_ONCE_MAX."""
    horizon = state.world.now() - KEPT_AFTER_EXPIRY
    rows: list[RevokedToken] = list(state.records.rows("revoked_tokens"))
    return [row.id for row in rows if row.expires_at < horizon][:PRUNED_AT_ONCE_MAX]


def prune(store: Store, ids: Sequence[str]) -> None:
    """Delete revocations that are of no use any more. Raises Unavailable."""
    if ids:
        with store.write() as tx:
            for id in ids:
                tx.revoked_tokens.remove(id)


def _revocation(state: State, issuer: Issuer, claims: SignedClaims, actor: str) -> Revocation:
    expires_at = moment(claims.expires_at * 1_000_000)
    row = RevokedToken(
        claims.jti, issuer.organization.id, issuer.kind, expires_at, state.world.now()
    )
    environments = frozenset(issuer.environments.values())
    return Revocation(row, claims.client_id, actor, environments, state.revoked(claims.jti))
