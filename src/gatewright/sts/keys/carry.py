"""Carries out what `rotation` decides, each step with its audit record in one transaction.

Idempotent: it decides anew from what the transaction sees, so that several processes may try.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gatewright.domain.audit import AuditRecord
from gatewright.domain.environment import Kind
from gatewright.domain.ids import new_id
from gatewright.domain.organization import Organization
from gatewright.domain.token import SigningKey
from gatewright.domain.world import World
from gatewright.store.port import Transaction
from gatewright.sts.keys.events import (
    KeyActivated,
    KeyAnnounced,
    KeyEvent,
    KeyRemoved,
    KeyRetired,
)
from gatewright.sts.keys.rotation import (
    ACTIVE,
    RETIRED,
    Activate,
    Announce,
    Remove,
    Retire,
    Rules,
    Step,
    applied_by,
    due,
)

SYSTEM = "system"
Record = Callable[[str, SigningKey, Mapping[str, str]], None]
"""Leaves the audit record of an action on a key, with its details, in the same transaction."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What decides about one issuer's keys, as a transaction sees it."""

    organization: Organization
    kind: Kind
    rows: Sequence[SigningKey]
    applied: int | None

    def due(self, now: datetime) -> tuple[Step, ...]:
        """The steps that are due."""
        return due(self.rows, now, Rules.of(self.organization), self.applied)


def scene(tx: Transaction, organization: Organization, kind: Kind, now: datetime) -> Scene:
    """The scene of an issuer."""
    conditions = {"organization_id": organization.id, "kind": kind}
    rows = tx.signing_keys.find(**conditions)
    places = frozenset(row.id for row in tx.environments.find(**conditions))
    return Scene(organization, kind, rows, applied_by(tx.gateway_nodes.find(), places, rows, now))


def carry_out(
    tx: Transaction, world: World, found: Scene, new: SigningKey | None
) -> list[KeyEvent]:
    """Do what is due, as the system; what to report once it is committed.

    `new` is a key to announce, made before the transaction; without a fitting one that step waits.
    """
    now, record = world.now(), system_record(tx, world)
    events = []
    for step in found.due(now):
        event = _take(tx, found.organization, now, step, new, record)
        events += [event] if event else []
    return events


def announce(tx: Transaction, row: SigningKey, record: Record) -> SigningKey:
    """Publish a key: stored with the sequence that a gateway must have before it may sign."""
    tx.signing_keys.add(row)
    # The sequence is known only once the row is among the changes; both are one transaction.
    announced = tx.signing_keys.replace(replace(row, announced_sequence=tx.sequence))
    at = row.activates_at
    record("keys.announce", announced, {"activates_at": at.isoformat() if at else "at once"})
    return announced


def remove(tx: Transaction, row: SigningKey, reason: str, record: Record) -> None:
    """Publish a key no more: what it signed is refused from now on."""
    tx.signing_keys.remove(row.id)
    record("keys.remove", row, {"reason": reason})


def system_record(tx: Transaction, world: World) -> Record:
    """The records of what happens by itself."""

    def record(action: str, row: SigningKey, detail: Mapping[str, str]) -> None:
        told = {"kind": str(row.kind), "algorithm": row.algorithm, **detail}
        tx.audit_records.add(
            AuditRecord(
                new_id("aud", world), row.organization_id, world.now(), SYSTEM, action, row.id, told
            )
        )

    return record


def _take(
    tx: Transaction,
    organization: Organization,
    now: datetime,
    step: Step,
    new: SigningKey | None,
    record: Record,
) -> KeyEvent | None:
    if isinstance(step, Announce):
        if new is None or new.algorithm != step.algorithm:
            return None
        row = announce(tx, replace(new, activates_at=step.activates_at), record)
        return _told(KeyAnnounced, organization, row)
    if isinstance(step, Remove):
        remove(tx, step.key, step.reason, record)
        return _told(KeyRemoved, organization, step.key)
    if isinstance(step, Activate):
        tx.signing_keys.replace(replace(step.key, state=ACTIVE, activates_at=now))
        record("keys.activate", step.key, {})
        return _told(KeyActivated, organization, step.key)
    return _retire(tx, organization, now, step, record)


def _retire(
    tx: Transaction, organization: Organization, now: datetime, step: Retire, record: Record
) -> KeyEvent:
    tx.signing_keys.replace(
        replace(step.key, state=RETIRED, retired_at=now, removes_at=step.removes_at)
    )
    record("keys.retire", step.key, {"removes_at": step.removes_at.isoformat()})
    return _told(KeyRetired, organization, step.key)


def _told(event: type[KeyEvent], organization: Organization, row: SigningKey) -> KeyEvent:
    return event(organization.handle, str(row.kind), row.id, row.algorithm)
