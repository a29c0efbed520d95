"""Follows the store in a thread of its own, and keeps the snapshot at what it asks for.

The snapshot belongs to the event loop; what the thread finds out is handed over to it. A store
that is away is tried again; meanwhile what was served is served on.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gatewright.domain.errors import Unavailable
from gatewright.domain.observed import ApiFault
from gatewright.domain.world import World
from gatewright.gateway.build import Build, Site
from gatewright.gateway.compile.secrets import SERVER
from gatewright.gateway.desired import NOUNS, Desired
from gatewright.gateway.fleet import Fleet, NodeStatus
from gatewright.gateway.observed import Observations
from gatewright.gateway.sealed import Sealer, sealed
from gatewright.gateway.snapshot import Snapshot, Update, encode, keep
from gatewright.gateway.xds import names
from gatewright.gateway.xds.messages import Messages
from gatewright.observability.events import Event, StoreFound, StoreLost
from gatewright.observability.log import Log
from gatewright.store.mirror import Mirror
from gatewright.store.port import Store

POLL_SECONDS = 0.005
OBSERVE_SECONDS = 0.05
REPORT_PAUSE_SECONDS = 0.01
REPORT_PAUSE_SECONDS_MAX = 0.1
REPORT_SHARE = 4
"""What an Envoy has reached is reported at once, as somebody may wait for it; the pause after it
grows with what writing costs: about one part in so many of the time, however much changes."""

OTHERS_SECONDS = 2.0
"""How often the gateways of other control planes are looked up, with whom limits are shared."""

RETRY_SECONDS = 0.25
KEEP_SECONDS = 1.0
KEEP_SHARE = 20
"""Writing the snapshot takes at most one part in this many of the time."""


@dataclass(frozen=True, slots=True)
class EnvironmentClosed(Event):
    """An environment's front door does not compile; what was served before is served on."""

    name: ClassVar[str] = "gateway.environment_closed"
    level: ClassVar[str] = "error"
    environment_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class DomainClosed(Event):
    """A domain can not be served as asked; the certificate before is served on, if there is one."""

    name: ClassVar[str] = "gateway.domain_closed"
    level: ClassVar[str] = "error"
    domain_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class KeyManagerLeftOut(Event):
    """Tokens of a key manager open nothing in an environment, as it has no key to verify them."""

    name: ClassVar[str] = "gateway.key_manager_left_out"
    level: ClassVar[str] = "warning"
    environment_id: str
    key_manager_id: str
    reason: str


@dataclass(slots=True)
class _Followed:
    """An open store and what is made of it."""

    store: Store
    mirror: Mirror
    build: Build
    observations: Observations


class Controller:
    """One gateway's. `start` and `stop` are called on the event loop."""

    def __init__(
        self, snapshot: Snapshot, fleet: Fleet, site: Site, messages: Messages, world: World,
        log: Log, open_store: Callable[[], Store], snapshot_path: Path,
        on_others: Callable[[Iterable[str]], None] = lambda nodes: None,
        sealer: Sealer | None = None,
    ) -> None:  # fmt: skip
        """`on_others` is told of the gateways of other control planes; without a `sealer` there
        are no domains."""
        self._sealer, self._closed_domains = sealer, dict[str, str]()
        self._on_others, self._others_at = on_others, 0.0
        self._snapshot, self._fleet, self._site = snapshot, fleet, site
        self._messages, self._world, self._open_store = messages, world, open_store
        self._path, self._log = snapshot_path, log
        self._closed: dict[str, str] = {}
        self._left_out: dict[tuple[str, str], str] = {}
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._follow, name="gateway-controller", daemon=True)
        self._reporter = ThreadPoolExecutor(1, "gateway-reporter")
        self._reporting: Future[float] | None = None
        self._told: dict[str, NodeStatus] = {}
        self._report_from = self._observe_at = 0.0
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.ready = asyncio.Event()
        """Set once the store has been read and the snapshot holds what it asks for."""

    def start(self) -> None:
        """Begin to follow."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        self._tasks.add(asyncio.create_task(self._keep_snapshots()))

    async def stop(self) -> None:
        """End the thread and write the snapshot a last time."""
        self._stopping.set()
        await asyncio.to_thread(self._thread.join)
        self._reporter.shutdown()
        for task in self._tasks:
            task.cancel()
        if self._changed.is_set():
            await self._keep()

    def _follow(self) -> None:
        followed: _Followed | None = None
        away = False
        while not self._stopping.wait(RETRY_SECONDS if away else POLL_SECONDS):
            try:
                if followed is None:
                    followed = self._open()
                elif followed.mirror.stale():
                    self._advance(followed)
                self._observe(followed)
                away = self._tell_store(None, away=away)
            except Unavailable as error:
                away = self._tell_store(str(error), away=away)
            except Exception as error:  # noqa: BLE001
                # The last good state keeps serving; the store is opened and read anew.
                self._log.fail("gateway.controller", error)
                self._close(followed)
                followed, away = None, True
        self._close(followed)

    def _tell_store(self, reason: str | None, *, away: bool) -> bool:
        """Report a change between away and there; the result is whether it is away now."""
        if reason is not None and not away:
            self._log.emit(StoreLost(reason))
        elif reason is None and away:
            self._log.emit(StoreFound())
        return reason is not None

    def _open(self) -> _Followed:
        store = self._open_store()
        try:
            mirror = Mirror(store, NOUNS)
            desired = Desired(mirror)
            build = Build(desired, self._site, self._messages, self._world.now, self._sealer)
            followed = _Followed(store, mirror, build, Observations(store))
            updates = build.everything()
        except BaseException:
            store.close()
            raise
        self._tell_closed(build)
        faulty = frozenset(f"{item.environment_id}/{item.api_id}" for item in build.faults.values())
        faulty |= {SERVER}  # which comes from files
        self._hand_over(lambda: self._replace(updates, faulty, mirror.sequence))
        return followed

    def _advance(self, followed: _Followed) -> None:
        differences = followed.mirror.refresh()
        updates = followed.build.changes(differences)
        self._tell_closed(followed.build)
        sequence = followed.mirror.sequence
        self._hand_over(lambda: self._update(updates, sequence))

    def _tell_closed(self, build: Build) -> None:
        closed = dict(build.closed_environments)
        for id, reason in closed.items():
            if self._closed.get(id) != reason:
                self._log.emit(EnvironmentClosed(id, reason))
        self._closed = closed
        domains = dict(build.closed_domains)
        for id, reason in domains.items():
            if self._closed_domains.get(id) != reason:
                self._log.emit(DomainClosed(id, reason))
        self._closed_domains = domains
        left_out = dict(build.issuers_left_out)
        for (id, manager), reason in left_out.items():
            if self._left_out.get((id, manager)) != reason:
                self._log.emit(KeyManagerLeftOut(id, manager, reason))
        self._left_out = left_out

    def _hand_over(self, call: Callable[[], None]) -> None:
        if self._loop is not None and not self._stopping.is_set():
            self._loop.call_soon_threadsafe(call)

    def _close(self, followed: _Followed | None) -> None:
        if self._reporting is not None:
            wait([self._reporting])
            self._reporting = None
        self._told = {}
        if followed is not None:
            followed.mirror.close()
            followed.store.close()

    def _replace(self, updates: list[Update], faulty: frozenset[str], sequence: int) -> None:
        if self._snapshot.replace(self._fleet.admit(updates), faulty, sequence):
            self._changed.set()
        self._fleet.evaluate()
        self.ready.set()

    def _update(self, updates: list[Update], sequence: int) -> None:
        if self._snapshot.update(self._fleet.admit(updates), sequence):
            self._changed.set()
        self._fleet.evaluate()

    def _observe(self, followed: _Followed) -> None:
        """Report in another thread: others may hold the writers' lock, and changes must not wait.

        One report at a time; what went wrong with the last one is raised here.
        """
        clock = time.monotonic()
        if self._reporting is not None:
            if not self._reporting.done():
                return
            reported, self._reporting = self._reporting, None
            pause = reported.result() * (REPORT_SHARE - 1)
            self._report_from = clock + min(pause, REPORT_PAUSE_SECONDS_MAX)
        nodes = dict(self._fleet.nodes)
        is_news = nodes != self._told and clock >= self._report_from
        if not is_news and clock < self._observe_at:
            return
        self._told, self._observe_at = nodes, clock + OBSERVE_SECONDS
        self._report(followed, nodes)
        if clock >= self._others_at:
            self._others_at = clock + OTHERS_SECONDS
            now, environment_ids = self._world.now(), followed.build.environment_ids
            own = {id for id, status in nodes.items() if status.connected}
            others = followed.observations.others(own, environment_ids, now)
            self._hand_over(lambda: self._on_others(others))

    def _report(self, followed: _Followed, nodes: dict[str, NodeStatus]) -> None:
        now = self._world.now()
        faults = {
            id: ApiFault(
                id, item.organization_id, item.api_id, item.environment_id, item.reason,
                self._serves(item.environment_id, item.api_id), now,
            )
            for id, item in followed.build.faults.items()
        }  # fmt: skip
        for (kind, name), (reason, serving) in self._fleet.refusals().items():
            for key in followed.build.apis_of(kind, name):
                environment_id, _, api_id = key.partition("/")
                api = followed.mirror.rows("apis").get(api_id)
                if api is not None:
                    id = f"{api_id}/{environment_id}"
                    faults[id] = ApiFault(
                        id, api.organization_id, api_id, environment_id, reason, serving, now
                    )
        environment_ids = followed.build.environment_ids

        def write() -> float:
            started = time.monotonic()
            if not followed.observations.write(nodes, environment_ids, faults, now):
                return 0.0
            return max(time.monotonic() - started, REPORT_PAUSE_SECONDS / (REPORT_SHARE - 1))

        self._reporting = self._reporter.submit(write)

    def _serves(self, environment_id: str, api_id: str) -> bool:
        return f"{environment_id}/{api_id}" in self._snapshot.resources[names.ROUTES]

    async def _keep_snapshots(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._changed.wait()
            await asyncio.sleep(KEEP_SECONDS)
            started = loop.time()
            await self._keep()
            await asyncio.sleep((loop.time() - started) * KEEP_SHARE)

    async def _keep(self) -> None:
        self._changed.clear()
        resources = {kind: dict(found) for kind, found in self._snapshot.resources.items()}
        mark = self._snapshot.mark
        try:
            safe = sealed(resources, self._sealer, self._world)
            await asyncio.to_thread(lambda: keep(encode(safe, mark), self._path))
        except OSError as error:
            self._log.fail("gateway.snapshot", error)
