"""Signing keys: listed, replaced in order, or all removed at once; the token service makes them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from gatewright.access.actions import Action
from gatewright.control.desk import Desk
from gatewright.control.ports import KeyDesk, KeyRecord
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Conflict
from gatewright.domain.organization import Organization
from gatewright.domain.token import KEY_GRACE, SigningKey

PUBLISHED_MAX = 100
"""Keys of one issuer. Each gateway holds all of them, and retired ones stay for up to a day."""

_ORDER = ("announced", "active", "retired")


def everything(desk: Desk) -> list[SigningKey]:
    """The organization's keys: by kind, what comes next first, then what signs, then the old."""
    desk.demand(Action.READ_KEYS)
    rows = desk.tx.signing_keys.find(organization_id=desk.organization.id)
    rows.sort(key=lambda row: (row.created_at, row.id), reverse=True)
    return sorted(rows, key=lambda row: (str(row.kind), _ORDER.index(row.state)))


def to_rotate(
    desk: Desk, kind: Kind | None, *, emergency: bool
) -> tuple[Organization, tuple[Kind, ...]]:
    """Whose keys will be replaced. Raises Denied, and Conflict when too many are published."""
    desk.demand(Action.ROTATE_KEYS)
    kinds = (kind,) if kind else tuple(Kind)
    if not emergency:
        _check_room(desk, kinds, "kind")
    return desk.organization, kinds


def rotate(
    desk: Desk, key_desk: KeyDesk, made: Mapping[Kind, SigningKey], *, now: bool
) -> list[SigningKey]:
    """Announce the keys that were made. Raises Denied."""
    desk.demand(Action.ROTATE_KEYS)
    return key_desk.announce(desk.tx, desk.organization, made, _record(desk), now=now)


def replace_all(desk: Desk, key_desk: KeyDesk, made: Mapping[Kind, SigningKey]) -> list[SigningKey]:
    """End every token of these kinds, whoever has it, and announce the keys for new ones.

    Raises Denied.
    """
    desk.demand(Action.ROTATE_KEYS)
    kinds = ", ".join(made)
    desk.record("tokens.revoke-everything", desk.organization.id, kinds=kinds)
    return key_desk.replace_all(desk.tx, desk.organization, made, _record(desk))


def follow(desk: Desk, before: Organization, after: Organization) -> None:
    """What changed settings ask of the keys in the same transaction. Raises Conflict.

    Tokens that were issued under a longer lifetime shall not lose their key early.
    """
    if after.signing_algorithm != before.signing_algorithm:
        _check_room(desk, tuple(Kind), "signing_algorithm")
    if after.token_ttl_seconds_max >= before.token_ttl_seconds_max:
        return
    for row in _active(desk):
        gone = desk.world.now() + timedelta(seconds=before.token_ttl_seconds_max) + KEY_GRACE
        if row.removes_at is None or row.removes_at < gone:
            desk.tx.signing_keys.replace(replace(row, removes_at=gone))


def _check_room(desk: Desk, kinds: tuple[Kind, ...], field: str) -> None:
    for kind in kinds:
        count = desk.tx.signing_keys.count(organization_id=desk.organization.id, kind=kind)
        if count >= PUBLISHED_MAX:
            raise Conflict(
                f"{count} keys of {kind} are published, and retired ones stay until the last"
                " token that they signed has expired.",
                field,
                "Wait for that, or end every token with an emergency rotation.",
            )


def _active(desk: Desk) -> Sequence[SigningKey]:
    return desk.tx.signing_keys.find(organization_id=desk.organization.id, state="active")


def _record(desk: Desk) -> KeyRecord:
    def record(action: str, row: SigningKey, detail: Mapping[str, str]) -> None:
        desk.record(action, row.id, kind=row.kind, algorithm=row.algorithm, **detail)

    return record
