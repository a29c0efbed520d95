"""The controller follows a store that comes and goes, and reports only what differs."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.real import WORLD
from tests.gateway.scene import AT, Scene

from gatewright.domain.errors import Unavailable
from gatewright.domain.observed import FORGOTTEN_AFTER, ApiFault
from gatewright.gateway.controller import Controller
from gatewright.gateway.descriptors import load_messages
from gatewright.gateway.fleet import Fleet, NodeStatus
from gatewright.gateway.observed import Observations
from gatewright.gateway.snapshot import Snapshot, load
from gatewright.gateway.xds.names import ROUTES
from gatewright.observability.log import Log
from gatewright.store.sql.opening import migrate, open_store

pytestmark = pytest.mark.real
BOOKS, OTHER = "env_production/api_books_v1.0", "env_production/api_other_v1.0"
METADATA = ".well-known/env_production"


class Flaky:
    """A store that can be made to be away."""

    def __init__(self, store: Any) -> None:
        self._store, self.away, self.writes = store, False, 0

    @contextlib.contextmanager
    def read(self) -> Iterator[Any]:
        self._check()
        with self._store.read() as tx:
            yield tx

    @contextlib.contextmanager
    def write(self) -> Iterator[Any]:
        self._check()
        self.writes += 1
        with self._store.write() as tx:
            yield tx

    def _check(self) -> None:
        if self.away:
            raise Unavailable("the database is away.")

    def feed(self) -> Any:
        return self._store.feed()

    def close(self) -> None:
        self._store.close()


def filled(folder: Path) -> tuple[str, Scene]:
    url, scene = f"sqlite:///{folder}/store.db", Scene({})
    scene.api("books", {"GET /a": "any"})
    migrate(url)
    add(url, scene.tables)
    return url, scene


def add(url: str, tables: Any) -> None:
    store = open_store(url, WORLD)
    with store.write() as tx:
        for noun, rows in tables.items():
            for row in rows.values():
                getattr(tx, noun).add(row)
    store.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def test_a_store_that_goes_away_changes_nothing_and_is_caught_up_with(tmp_path: Path) -> None:
    url, scene = filled(tmp_path)
    lines, opened = list[bytes](), list[Flaky]()

    def open_it() -> Any:
        opened.append(Flaky(open_store(url, WORLD)))
        return opened[-1]

    async def main() -> None:
        snapshot = Snapshot()
        controller = Controller(
            snapshot, Fleet(snapshot), scene.site, load_messages(), WORLD,
            Log("gateway", WORLD, lines.append), open_it, tmp_path / "snapshot.bin",
        )  # fmt: skip
        controller.start()
        await asyncio.wait_for(controller.ready.wait(), 10)
        served = dict(snapshot.resources[ROUTES])
        assert set(served) == {BOOKS, METADATA}
        opened[0].away = True
        before = {noun: set(rows) for noun, rows in scene.tables.items()}
        scene.api("other", {"GET /a": "any"})
        add(url, {
            noun: {id: row for id, row in rows.items() if id not in before[noun]}
            for noun, rows in scene.tables.items()
        })  # fmt: skip
        await until(lambda: any(b"store.lost" in line for line in lines))
        assert snapshot.resources[ROUTES] == served
        opened[0].away = False
        await until(lambda: set(snapshot.resources[ROUTES]) == {BOOKS, OTHER, METADATA})
        await until(lambda: any(b"store.found" in line for line in lines))
        await controller.stop()

    asyncio.run(main())
    assert len(opened) == 1
    assert set(load(tmp_path / "snapshot.bin").resources[ROUTES]) == {BOOKS, OTHER, METADATA}


def test_observations_are_written_when_they_differ_and_only_then(tmp_path: Path) -> None:
    url, _ = filled(tmp_path)
    store = Flaky(open_store(url, WORLD))
    observations = Observations(store)
    fault = ApiFault("a/e", "org_1", "a", "e", "bad", True, AT)
    status = NodeStatus(connected=True, version="1.40.0", applied=3, rejection="")
    environments = frozenset({"e"})
    for _ in range(3):
        observations.write({"n": status}, environments, {"a/e": fault}, WORLD.now())
    assert store.writes == 1
    observations.write({"n": status}, environments, {}, WORLD.now())
    assert store.writes == 2
    with store.read() as tx:
        assert tx.api_faults.find() == []
        assert tx.gateway_nodes.get("n").applied_sequence == 3
    store.close()


def test_a_gateway_where_nothing_changes_is_heard_of_now_and_then(tmp_path: Path) -> None:
    url, _ = filled(tmp_path)
    store = Flaky(open_store(url, WORLD))
    observations, now = Observations(store), WORLD.now()
    there = NodeStatus(connected=True, version="1.40.0", applied=3, rejection="")
    gone = NodeStatus(connected=False, version="1.40.0", applied=3, rejection="")
    for status, wanted in ((there, True), (gone, False)):
        observations.write({"n": status}, frozenset({"e"}), {}, now)
        written = store.writes
        for seconds in (1, 2, 6, 7):
            observations.write(
                {"n": status}, frozenset({"e"}), {}, now + timedelta(seconds=seconds)
            )
        assert store.writes == written + wanted
        with store.read() as tx:
            assert tx.gateway_nodes.get("n").present(now + timedelta(seconds=8)) == wanted
            assert not tx.gateway_nodes.get("n").present(now + timedelta(seconds=60))
    store.close()


def test_gateways_that_left_long_ago_are_listed_no_more(tmp_path: Path) -> None:
    url, _ = filled(tmp_path)
    store = open_store(url, WORLD)
    now = WORLD.now()
    status = NodeStatus(connected=True, version="1.40", applied=1, rejection="")
    long_ago = now - FORGOTTEN_AFTER - timedelta(seconds=1)
    Observations(store).write({"old": status}, frozenset(), {}, long_ago)
    Observations(store).write({"late": status}, frozenset(), {}, now - timedelta(days=1))
    Observations(store).write({"new": status}, frozenset(), {}, now)
    with store.read() as tx:
        assert {row.id for row in tx.gateway_nodes.find()} == {"late", "new"}
    store.close()


def test_what_an_envoy_has_reached_is_reported_soon_and_never_in_a_storm(tmp_path: Path) -> None:
    """The first at once, the others as often as a fraction of the time allows."""
    url, scene = filled(tmp_path)
    opened = list[Flaky]()

    def open_it() -> Any:
        opened.append(Flaky(open_store(url, WORLD)))
        return opened[-1]

    async def main() -> float:
        snapshot = Snapshot()
        fleet = Fleet(snapshot)
        controller = Controller(
            snapshot, fleet, scene.site, load_messages(), WORLD,
            Log("gateway", WORLD, lambda line: None), open_it, tmp_path / "snapshot.bin",
        )  # fmt: skip
        controller.start()
        await asyncio.wait_for(controller.ready.wait(), 10)
        started = asyncio.get_running_loop().time()
        for applied in range(200):
            fleet.nodes["n"] = NodeStatus(True, "1.40.0", applied, "")
            await asyncio.sleep(0.005)

        def arrived() -> bool:
            with opened[0].read() as tx:
                node = tx.gateway_nodes.get("n")
            return node is not None and node.applied_sequence == 199

        seconds = asyncio.get_running_loop().time() - started
        await until(arrived)
        await controller.stop()
        return seconds

    seconds = asyncio.run(main())
    assert 3 < opened[0].writes < seconds / 0.01
