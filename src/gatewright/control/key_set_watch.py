"""The watch over key sets: which addresses are due, and reading them beside each other.

An address that failed is left alone for longer and longer, and is read by threads of its own, so
that a slow or hanging issuer delays nobody but others like it. One reading takes at most what the
fetcher allows.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatewright.control import key_sets
from gatewright.control.desk import SYSTEM
from gatewright.control.key_sets import Fetch, Reading
from gatewright.domain.errors import Conflict, Stale, Unavailable
from gatewright.domain.key_manager import KeyManager
from gatewright.domain.world import World
from gatewright.observability.events import Event
from gatewright.store.port import Store

PAUSE = timedelta(seconds=60)
"""Between two readings of an address that answers, give or take a tenth."""

BACK_OFF_MAX = timedelta(minutes=8)
"""Between two readings of an address that does not: a minute, doubled each time up to this."""

FIRST_SPREAD = timedelta(seconds=10)
"""Over which the first readings of a process are spread, where keys are there already."""

THREADS, THREADS_FOR_FAILING = 8, 2


@dataclass(slots=True)
class _Address:
    """When it is read next, how often it has failed, and whether it is being read."""

    uri: str
    due_at: datetime
    failures: int = 0
    under_way: bool = False


class KeySetWatch:
    """Meant for one thread, which calls `look` every few seconds; it never waits for an address."""

    def __init__(
        self,
        store: Store,
        world: World,
        fetch: Fetch,
        report: Callable[[Event], None],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._store, self._world, self._fetch = store, world, fetch
        self._report, self._fail = report, fail
        self._addresses: dict[str, _Address] = {}
        self._turn = threading.Lock()
        self._sound = ThreadPoolExecutor(THREADS, "key-sets")
        self._failing = ThreadPoolExecutor(THREADS_FOR_FAILING, "key-sets-failing")

    def look(self) -> None:
        """Have everything read that is due, each once at a time. Raises Unavailable."""
        now = self._world.now()
        with self._store.read() as tx:
            rows = {
                row.id: row
                for row in tx.key_managers.find(api_access=True, enabled=True)
                if key_sets.wanted(row)
            }
            kept = tx.fetched_key_sets.find(id=tuple(rows)) if rows else []
        known = {row.id: row for row in kept}
        with self._turn:
            for id in self._addresses.keys() - rows.keys():
                del self._addresses[id]
            due = []
            for row in rows.values():
                found = known.get(row.id)
                has_keys = found is not None and found.jwks_uri == row.jwks_uri and bool(found.jwks)
                address = self._address(row, now, has_keys=has_keys)
                if not address.under_way and address.due_at <= now:
                    address.under_way = True
                    due.append((address.failures, row))
        for failures, row in due:
            pool = self._failing if failures else self._sound
            pool.submit(self._read, row)

    def stop(self) -> None:
        """Begin nothing any more; what is being read ends by itself."""
        self._sound.shutdown(wait=False, cancel_futures=True)
        self._failing.shutdown(wait=False, cancel_futures=True)

    def _address(self, row: KeyManager, now: datetime, *, has_keys: bool) -> _Address:
        found = self._addresses.get(row.id)
        if found is None or found.uri != row.jwks_uri:
            wait = FIRST_SPREAD * self._chance() if has_keys else timedelta(0)
            found = self._addresses[row.id] = _Address(row.jwks_uri or "", now + wait)
        return found

    def _read(self, row: KeyManager) -> None:
        reading: Reading | None = None
        try:
            reading = key_sets.read(row.jwks_uri or "", self._fetch, self._world)
            self._keep(row.id, reading)
        except (Unavailable, Stale, Conflict):
            pass  # the database is away, or another control process was first: the next look
        except Exception as error:  # noqa: BLE001  the pool would swallow it
            self._fail(error)
        finally:
            self._put_off(row, failed=reading is None or reading.failure is not None)

    def _keep(self, id: str, reading: Reading) -> None:
        with self._store.read() as tx:  # as nearly every reading says what is known already
            row = tx.key_managers.get(id)
            if row is None or not key_sets.differs(tx, reading, row):
                return
        with self._store.write() as tx:
            row = tx.key_managers.get(id)
            if row is None or not key_sets.wanted(row):
                return
            if not key_sets.keep(tx, self._world, SYSTEM, reading, row):
                return
            organization = tx.organizations.get(row.organization_id)
        if organization is not None:
            self._report(key_sets.event(organization.handle, row, reading))

    def _put_off(self, row: KeyManager, *, failed: bool) -> None:
        with self._turn:
            address = self._addresses.get(row.id)
            if address is None or address.uri != row.jwks_uri:
                return
            address.under_way = False
            address.failures = address.failures + 1 if failed else 0
            wait = PAUSE
            if failed:
                wait = min(PAUSE * (1 << min(address.failures - 1, 10)), BACK_OFF_MAX)
            address.due_at = self._world.now() + wait * (0.9 + self._chance() / 5)

    def _chance(self) -> float:
        """Between 0 and 1, evenly."""
        return int.from_bytes(self._world.random_bytes(4)) / (1 << 32)
