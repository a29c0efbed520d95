"""What people may ask of an issuer's keys, in their own transaction and with their own records."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from gatewright.domain.environment import Kind
from gatewright.domain.organization import Organization
from gatewright.domain.token import SigningKey
from gatewright.domain.world import World
from gatewright.store.port import Transaction
from gatewright.sts.keys.backend import Backends
from gatewright.sts.keys.carry import Record, announce, remove
from gatewright.sts.keys.create import make
from gatewright.sts.keys.rotation import ANNOUNCED, Rules

_EVERYTHING_ENDS = "every token that it signed is refused from now on"


class KeyDesk:
    """Made once in the control process. Whoever calls has checked that the person may."""

    def __init__(self, world: World, backends: Backends, hurry: Callable[[], None]) -> None:
        self._world, self._backends, self._hurry = world, backends, hurry

    def make(self, organization: Organization, kinds: Iterable[Kind]) -> Mapping[Kind, SigningKey]:
        """A new key for each kind, stored nowhere yet: call it outside of a transaction.

        Raises Unavailable when the backend is away.
        """
        return {kind: make(self._world, self._backends, organization, kind) for kind in kinds}

    def announce(
        self,
        tx: Transaction,
        organization: Organization,
        made: Mapping[Kind, SigningKey],
        record: Record,
        *,
        now: bool,
    ) -> list[SigningKey]:
        """Publish the keys, or hurry those that are announced already and still fit.

        With `now` they sign as soon as every connected gateway has them, else in their time.
        """
        time = self._world.now()
        activates_at = time if now else time + Rules.of(organization).announcement
        announced = []
        for kind, new in made.items():
            known = [
                row
                for row in self._rows(tx, organization, kind)
                if row.state == ANNOUNCED and row.algorithm == organization.signing_algorithm
            ]
            if not known:
                row = replace(new, activates_at=activates_at)
                announced.append(announce(tx, row, record))
                continue
            row = known[-1]
            if row.activates_at is not None and activates_at < row.activates_at:
                row = tx.signing_keys.replace(replace(row, activates_at=activates_at))
                record("keys.hurry", row, {"activates_at": activates_at.isoformat()})
            announced.append(row)
        return announced

    def replace_all(
        self,
        tx: Transaction,
        organization: Organization,
        made: Mapping[Kind, SigningKey],
        record: Record,
    ) -> list[SigningKey]:
        """Remove every key of these kinds at once, whatever its state, and announce the new ones.

        Until the connected gateways have those, nothing is signed.
        """
        announced = []
        for kind, new in made.items():
            for row in self._rows(tx, organization, kind):
                remove(tx, row, _EVERYTHING_ENDS, record)
            row = replace(new, activates_at=self._world.now())
            announced.append(announce(tx, row, record))
        return announced

    def hurry(self) -> None:
        """Something was written that the keeper of keys should see soon."""
        self._hurry()

    @staticmethod
    def _rows(tx: Transaction, organization: Organization, kind: Kind) -> Sequence[SigningKey]:
        return tx.signing_keys.find(organization_id=organization.id, kind=kind)
