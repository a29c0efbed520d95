"""Keeps every issuer's keys in time: looks about once a second, in a thread of its own."""

import threading
from collections.abc import Callable
from datetime import timedelta

from gatewright.domain.environment import Kind
from gatewright.domain.errors import Conflict, GatewrightError, NotFound, Stale, Unavailable
from gatewright.domain.organization import Organization
from gatewright.domain.world import EPOCH, World
from gatewright.observability.events import Event
from gatewright.store.port import Store
from gatewright.sts.keys.backend import Backends
from gatewright.sts.keys.carry import carry_out, scene
from gatewright.sts.keys.create import make
from gatewright.sts.keys.rotation import Announce, waits

LOOK_SECONDS = 1.0
HURRY_SECONDS = 0.01
HURRY_TIME = timedelta(seconds=2)
"""How long it looks often after it was told to hurry."""

PATIENCE = timedelta(seconds=10)
"""How long it looks often for gateways that are late."""

_MOVED = (Stale, NotFound, Conflict)


class Keeper:
    """One for each control process; any number may run over one store."""

    def __init__(
        self,
        store: Store,
        world: World,
        backends: Backends,
        report: Callable[[Event], None],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._store, self._world, self._backends = store, world, backends
        self._report, self._fail = report, fail
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._hurry_until = EPOCH
        self._waiting_since = EPOCH
        self._thread = threading.Thread(target=self._run, name="key-keeper", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what it was writing is written or rolled back."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def hurry(self) -> None:
        """Something was announced or set: look now, and often for a while."""
        self._hurry_until = self._world.now() + HURRY_TIME
        self._wake.set()

    def look(self) -> bool:
        """Do what is due; whether a key waits for gateways. Raises Unavailable.

        What another process did meanwhile is left to it.
        """
        now = self._world.now()
        with self._store.read() as tx:
            scenes = [
                scene(tx, organization, kind, now)
                for organization in tx.organizations.find()
                for kind in Kind
            ]
        waiting = any(waits(found.rows, now) for found in scenes)
        for found in scenes:
            steps = found.due(now)
            if steps:
                announces = any(isinstance(step, Announce) for step in steps)
                waiting |= announces
                self._act(found.organization, found.kind, announces=announces)
        return waiting

    def _act(self, organization: Organization, kind: Kind, *, announces: bool) -> None:
        new = make(self._world, self._backends, organization, kind) if announces else None
        try:
            with self._store.write() as tx:
                current = tx.organizations.get(organization.id)
                if current is None:
                    return
                found = scene(tx, current, kind, self._world.now())
                events = carry_out(tx, self._world, found, new)
        except _MOVED:
            return
        for event in events:
            self._report(event)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(self._pause(waiting=self._try()))
            self._wake.clear()

    def _try(self) -> bool:
        try:
            return self.look()
        except Unavailable:
            return False  # the database or a backend is away, which others report
        except GatewrightError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001  tomorrow's rotation needs this thread
            self._fail(error)
        return False

    def _pause(self, *, waiting: bool) -> float:
        now = self._world.now()
        if not waiting:
            self._waiting_since = now
        late = now - self._waiting_since > PATIENCE
        return HURRY_SECONDS if now < self._hurry_until or (waiting and not late) else LOOK_SECONDS
