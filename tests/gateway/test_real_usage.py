"""The real Envoy: calls made are calls counted, by status and application, through every end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.conftest import PORT, World
from tests.gateway.real import WORLD, eventually, listening

from gatewright.domain.usage import LATENCY_FLOORS, Question
from gatewright.gateway import envoy
from gatewright.gateway.collector import Collector
from gatewright.gateway.compile import usage
from gatewright.gateway.envoy_counters import EnvoyCounters

pytestmark = pytest.mark.real
OK = "/books/v1.0/books"


class Counted:
    """The collector of the world's Envoy."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reader = EnvoyCounters(world.gateway.admin, WORLD.now)
        self.collector = self.another()

    def another(self) -> Collector:
        return Collector(
            "node-1", self.reader.read, lambda: self.world.gateway.store, WORLD,
            lambda event: None, clock=lambda: 0.0,
        )  # fmt: skip

    def sums(self, *by: str) -> dict[tuple[str, ...], int]:
        self.collector.look()
        question = Question("org_1", 0, 2**40, by)
        with self.world.gateway.store.read() as tx:
            return {
                item.key: item.calls
                for item in tx.usage.sums(question, offset=0, limit=1000)
            }  # fmt: skip

    def since(self, before: dict[tuple[str, ...], int], *by: str) -> dict[tuple[str, ...], int]:
        """What differs from before, once Envoy has logged the last call."""
        time.sleep(0.05)
        now = self.sums(*by)
        found = {key: now[key] - before.get(key, 0) for key in now}
        return {key: count for key, count in found.items() if count}


@pytest.fixture(scope="module")
def counted(world: World) -> Iterator[Counted]:
    yield Counted(world)


def test_every_call_is_counted_with_its_status_and_application(counted: Counted) -> None:
    world, by = counted.world, ("api", "operation", "application", "plan", "status")
    before = counted.sums(*by)
    good, poor = world.token(), world.token(scope="other")
    for path, token, method, times in (
        (OK, good, "GET", 5),
        (OK, None, "GET", 3),
        (OK, "garbage", "GET", 2),
        (OK, poor, "GET", 4),
        (OK, world.token("stranger"), "GET", 2),
        (OK, world.token("slow"), "GET", 5),
        (OK, good, "PATCH", 1),
        ("/books/v1.0/books/7", good, "GET", 2),
        ("/books/v1/health", None, "GET", 6),
        ("/books/v1.0/nowhere", good, "GET", 1),
        ("/nowhere/v1/a", good, "GET", 2),
        ("/dead/v1.0/a", good, "GET", 1),
        ("/shut/v1.0/a", good, "GET", 1),
    ):
        for _ in range(times):
            world.call(path, token, method=method)
    books = "books"
    assert counted.since(before, *by) == {
        (books, "GET /books", "app_reader", "Bronze", "200"): 5,
        (books, "GET /books", "", "", "401"): 5,
        (books, "GET /books", "app_reader", "Bronze", "403"): 4,
        (books, "GET /books", "app_stranger", "", "403"): 2,
        (books, "GET /books", "app_slow", "Tiny", "200"): 3,
        (books, "GET /books", "app_slow", "Tiny", "429"): 2,
        (books, "-", "", "", "405"): 1,
        (books, "GET /books/{id}", "app_reader", "Bronze", "200"): 2,
        (books, "GET /health", "", "", "200"): 6,
        ("", "-", "", "", "404"): 3,
        ("dead", "GET /a", "app_reader", "Bronze", "503"): 1,
        ("shut", "-", "", "", "503"): 1,
    }


def test_a_kind_of_environment_has_its_own_counters(counted: Counted) -> None:
    world = counted.world
    before = counted.sums("environment")
    sandbox = World(world.gateway, world.scene, world.token, world.scene.ports["development"])
    for _ in range(3):
        sandbox.call("/books/v1.0/health")
    assert counted.since(before, "environment") == {("env_development",): 3}


def test_a_changed_listener_counts_on(counted: Counted) -> None:
    world, before = counted.world, counted.sums()
    row = world.scene.tables["environments"]["env_production"]
    calls = 0
    for url in ("http://127.0.0.1:1", row.gateway_url):
        for changes in (False, True):
            if changes:
                world.in_force(world.scene.put("environments", replace(row, gateway_url=url)))
            for _ in range(5):
                world.call("/books/v1.0/health")
            calls += 5
            assert counted.since(before) == {(): calls}


def test_a_hostile_client_makes_no_counters(counted: Counted) -> None:
    world = counted.world
    world.call("/x", None)
    world.call(OK, None)
    counted.sums()
    reading = counted.reader.read()
    assert reading is not None
    before = {item.split(usage.CALL)[1] for item in reading.counters}
    for number in range(50):
        odd = f"/x{number}|y: {number}"
        world.call(odd.replace(" ", "%20"), None, method=("GET", "FOO", f"M{number}")[number % 3])
        world.call(OK, f"e{number}.x.y", headers={"x-gw-subject": f"me{number}"})
        world.call(OK, None, headers={"api-key": f"gwk_{number}"})
        world.call(f"/books/v1.0/nowhere/{number}?{number}", None)
    time.sleep(0.05)
    reading = counted.reader.read()
    assert reading is not None
    made = {item.split(usage.CALL)[1] for item in reading.counters} - before
    assert len(made) <= 4, made
    assert not [item for item in made if item.endswith(("|me0", "|me1"))]


def test_durations_lie_in_their_buckets(counted: Counted) -> None:
    for _ in range(20):
        counted.world.call("/books/v1.0/health")
    time.sleep(0.05)
    reading = counted.reader.read()
    assert reading is not None
    buckets = {item.split(".")[0] for item in reading.counters}
    assert buckets <= {str(floor) for floor in LATENCY_FLOORS}, reading.counters


def test_the_next_collector_counts_nothing_twice(counted: Counted) -> None:
    before = counted.sums()
    for _ in range(4):
        counted.world.call("/books/v1.0/health")
    counted.collector = counted.another()
    assert counted.since(before) == {(): 4}
    counted.collector = counted.another()
    assert counted.since(before) == {(): 4}


_KILLED = """
import sys, time
from pathlib import Path
from tests.gateway.real import WORLD
from gatewright.gateway.collector import Collector
from gatewright.gateway.envoy_counters import EnvoyCounters
from gatewright.store.sql import open_store
reader = EnvoyCounters(Path(sys.argv[1]), WORLD.now)
collector = Collector("node-1", reader.read, lambda: open_store(sys.argv[2], WORLD), WORLD, print)
while True:
    collector.look()
    print("looked", flush=True)
"""


def test_killed_collectors_lose_nothing_and_count_nothing_twice(counted: Counted) -> None:
    world, before = counted.world, counted.sums()
    calls = 0
    for round_ in range(6):
        command = [sys.executable, "-c", _KILLED, str(world.gateway.admin), world.gateway.url]
        collector = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        assert collector.stdout
        collector.stdout.readline()
        for _ in range(10 + 7 * round_):
            world.call("/books/v1.0/health")
            calls += 1
        os.kill(collector.pid, signal.SIGKILL)
        collector.wait()
        collector.stdout.close()
    counted.collector = counted.another()
    assert counted.since(before) == {(): calls}


def test_a_killed_envoy_costs_what_was_not_read_and_nothing_is_counted_twice(
    counted: Counted,
) -> None:
    world, before = counted.world, counted.sums()
    for _ in range(5):
        world.call("/books/v1.0/health")
    assert counted.since(before) == {(): 5}
    world.call("/books/v1.0/health")  # lost with the Envoy
    world.gateway.kill_envoy()
    assert counted.since(before) == {(): 5}
    world.gateway.start_envoy()
    eventually(lambda: listening(PORT) and world.call("/books/v1.0/health").status == 200)
    made = counted.since(before)[()]
    assert made >= 6
    for _ in range(9):
        world.call("/books/v1.0/health")
    assert counted.since(before) == {(): made + 9}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(envoy, "STATS_FLUSH_SECONDS", 1)
    monkeypatch.setattr(envoy, "STATS_EVICTION_SECONDS", 2)
    yield


@pytest.mark.usefixtures("small")
def test_what_is_not_called_any_more_is_given_up_and_counted_on_afterwards(
    counted: Counted,
) -> None:
    world = counted.world
    world.gateway.kill_envoy()
    world.gateway.start_envoy()
    eventually(lambda: listening(PORT) and world.call("/books/v1.0/health").status == 200)
    before = counted.sums()
    for _ in range(3):
        world.call("/books/v1.0/health")
    assert counted.since(before) == {(): 3}

    def is_empty() -> bool:
        reading = counted.reader.read()
        return reading is not None and not reading.counters

    eventually(is_empty, 15)
    assert counted.since(before) == {(): 3}
    for _ in range(5):
        world.call("/books/v1.0/health")
    assert counted.since(before) == {(): 8}
