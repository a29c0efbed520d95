"""From Envoy's counters to rows: each call once, whatever ends, is away or begins anew."""

import dataclasses
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.scene import AT, Scene

from gatewright.domain.api_key import ApiKey
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Unavailable
from gatewright.domain.key_manager import ExternalClient, KeyManager
from gatewright.domain.usage import OTHER, Question, Series
from gatewright.domain.world import World
from gatewright.gateway import collector
from gatewright.gateway.collector import Bounded, Collector
from gatewright.gateway.roll_up import RollUp
from gatewright.gateway.usage_counters import Boot, Call, Lines, Reading, boot, call, counted
from gatewright.store.port import Store
from gatewright.store.sql import migrate, open_store

BOOT = Boot(1, 0, 1000)
ROUTE = "default|books:v1.0|GET /books"


def name(status: int = 200, subject: str = "client_reader_production.1", ms: int = 5) -> str:
    return f"{ms}.call.env_production|{status}|{ROUTE}|{subject}"


def lines(*pieces: bytes) -> dict[str, int]:
    taking = Lines()
    for piece in (*pieces, b""):
        taking.take(piece)
    return taking.counters


def test_an_answer_in_any_pieces_is_the_same() -> None:
    text = f"server.live: 1\nusage.calls.ms.{name()}: 17\nusage.calls.ms.{name(401)}: 2".encode()
    whole = lines(text)
    assert whole == {name(): 17, name(401): 2}
    for size in range(1, 40):
        assert lines(*(text[i : i + size] for i in range(0, len(text), size))) == whole


def test_lines_that_are_no_counters_are_passed_over() -> None:
    odd = b"\nusage.calls.ms.x\nusage.calls.ms.x: -1\nusage.calls.ms.y: P0(1,2)\nother: 3\n"
    assert lines(odd) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            name(), Call("env_production", 200, "default", "books:v1.0", "GET /books",
                         "client_reader_production.1", 3), id="a call",
        ),
        pytest.param(
            name(subject="km_1|a|b: c"), Call("env_production", 200, "default", "books:v1.0",
                                             "GET /books", "km_1|a|b: c", 3), id="odd client",
        ),
        pytest.param(
            "0.call.env_1|404||-", Call("env_1", 404, "", "", "-", "", 0), id="no route",
        ),
        pytest.param("-.call.env_1|0|-|-", Call("env_1", 0, "", "", "-", "", None), id="dash"),
        pytest.param("0.call.env_1|200|default", None, id="short"),
        pytest.param("0.call.env_1|x|||", None, id="no status"),
        pytest.param("anything", None, id="not ours"),
    ],
)  # fmt: skip
def test_a_name_is_taken_apart(text: str, expected: Call | None) -> None:
    assert call(text) == expected


RESETS = [
    pytest.param(None, BOOT, {"a": 3}, {"a": 3}, id="the first reading counts all"),
    pytest.param(BOOT, BOOT, {"a": 9}, {"a": 4}, id="the difference"),
    pytest.param(BOOT, BOOT, {"a": 5}, {}, id="nothing new"),
    pytest.param(BOOT, BOOT, {"a": 2}, {"a": 2}, id="given up and made anew"),
    pytest.param(BOOT, BOOT, {"b": 1}, {"b": 1}, id="given up, another made"),
    pytest.param(BOOT, replace(BOOT, started_at=1002), {"a": 9}, {"a": 4}, id="clock wavers"),
    pytest.param(BOOT, replace(BOOT, started_at=1003), {"a": 9}, {"a": 9}, id="another Envoy"),
    pytest.param(BOOT, replace(BOOT, base_id=2), {"a": 9}, {"a": 9}, id="another base"),
    pytest.param(BOOT, replace(BOOT, epoch=1), {"a": 9}, {"a": 9}, id="hot restart"),
]


@pytest.mark.parametrize(("before", "after", "now", "expected"), RESETS)
def test_what_was_counted_in_between(
    before: Boot | None, after: Boot, now: dict[str, int], expected: dict[str, int]
) -> None:
    known = Reading(before, {"a": 5}) if before else None
    assert counted(known, Reading(after, now)) == expected
    assert boot(after.text) == after


class Bench:
    """A store with a scene, an Envoy that says what it is told to, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)
        self.world = World(lambda: self.now, lambda count: b"\x00" * count)
        self.url = f"sqlite:///{folder}/store.db"
        migrate(self.url)
        self.store = open_store(self.url, self.world)
        scene = Scene(
            {
                "apis": [{"handle": "books", "operations": {"GET /books": "any"}}],
                "applications": {"reader": {"books": "Bronze"}, "other": {}},
            }
        )
        with self.store.write() as tx:
            for noun, rows in scene.tables.items():
                for row in rows.values():
                    getattr(tx, noun).add(row)
        self.reading: Reading | None = Reading(BOOT, {})
        self.events: list[Any] = []
        self.opened: Store = self.store
        self.collector = self.another()

    def another(self) -> Collector:
        """As after the end of the one before."""
        return Collector(
            "node", lambda: self.reading, lambda: self.opened, self.world, self.events.append,
            clock=lambda: self.now.timestamp(), sleep=lambda seconds: None,
        )  # fmt: skip

    def say(self, counters: dict[str, int], at: Boot = BOOT) -> None:
        self.reading = Reading(at, counters)

    def look(self) -> None:
        self.now += timedelta(seconds=10)
        self.collector.look()

    def sums(self, *by: str, interval: int | None = None) -> dict[tuple[Any, ...], int]:
        with self.store.read() as tx:
            found = tx.usage.sums(
                Question("org_1", 0, 2**40, by, interval), offset=0, limit=1000
            )  # fmt: skip
        return {(item.starts_at, *item.key) if interval else item.key: item.calls for item in found}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.store.close()


def test_calls_come_with_application_plan_and_duration(bench: Bench) -> None:
    bench.say({name(): 3, name(429, ms=100): 2, name(401, "-"): 1})
    bench.look()
    by = ("environment", "api", "version", "operation", "application", "plan", "status")
    place = ("env_production", "books", "v1.0", "GET /books")
    assert bench.sums(*by) == {
        (*place, "", "", "401"): 1,
        (*place, "app_reader", "Bronze", "200"): 3,
        (*place, "app_reader", "Bronze", "429"): 2,
    }
    with bench.store.read() as tx:
        (total,) = tx.usage.sums(Question("org_1", 0, 2**40), offset=0, limit=9)
    assert total.durations == (0, 0, 0, 4, 0, 0, 0, 2, *(0,) * 7)


def test_who_called_is_told_for_every_kind_of_subject(bench: Bench) -> None:
    manager = KeyManager(
        "km_1", "org_1", "idp", "I", "https://idp", None, None, frozenset(), "azp", "scp",
        False, False, True, AT,
    )  # fmt: skip
    with bench.store.write() as tx:
        tx.key_managers.add(manager)
        tx.external_clients.add(ExternalClient("xcl_1", "org_1", "km_1", "a|b.2", "app_other", AT))
        tx.api_keys.add(
            ApiKey("key_1", "org_1", "app_other", Kind.PRODUCTION, "k", "h", None, AT, None, None)
        )  # fmt: skip
    bench.say(
        {
            name(subject="client_reader_production.7"): 1,
            name(subject="km_1|a|b.2"): 2,
            name(subject="km_1|unlinked"): 4,
            name(subject="key_1"): 8,
            name(subject="test"): 16,
            name(subject="-"): 30,
            name(subject=""): 2,
            name(subject="client_gone.1"): 64,
        }
    )
    bench.look()
    assert bench.sums("application") == {
        ("app_reader",): 1, ("app_other",): 10, ("(unknown)",): 68, ("(test)",): 16, ("",): 32,
    }  # fmt: skip


def test_nothing_is_counted_twice_by_the_next_collector(bench: Bench) -> None:
    bench.say({name(): 3})
    bench.look()
    bench.collector = bench.another()
    bench.look()
    assert bench.sums() == {(): 3}
    bench.say({name(): 8})
    bench.collector = bench.another()
    bench.look()
    assert bench.sums() == {(): 8}


def test_another_envoy_counts_from_zero_and_one_that_is_away_is_waited_for(bench: Bench) -> None:
    bench.say({name(): 3})
    bench.look()
    bench.reading = None
    bench.look()
    bench.say({name(): 4}, replace(BOOT, started_at=5000))
    bench.look()
    assert bench.sums() == {(): 7}


def test_while_the_store_is_away_counts_wait_in_their_periods(bench: Bench) -> None:
    bench.say({name(): 1})
    bench.look()

    class Away:
        def __getattr__(self, name: str) -> Any:
            raise Unavailable("away", "database")

    store, bench.collector._store = bench.store, Away()  # type: ignore[assignment]
    for count in (2, 4, 7):
        bench.now += timedelta(seconds=300)
        bench.say({name(): count})
        with pytest.raises(Unavailable):
            bench.look()
    bench.say({name(): 1}, replace(BOOT, started_at=9000))  # and Envoy ends meanwhile
    with pytest.raises(Unavailable):
        bench.look()
    bench.collector._store = store
    bench.now += timedelta(seconds=10)
    bench.look()
    assert list(bench.sums(interval=300).values()) == [1, 1, 2, 4]
    assert bench.sums() == {(): 8}


@pytest.mark.parametrize("commits", [True, False], ids=["committed", "rolled back"])
def test_a_write_of_unknown_outcome_counts_once(bench: Bench, commits: bool) -> None:
    bench.say({name(): 3})

    class Failing:
        def read(self) -> Any:
            return bench.store.read()

        def write(self) -> Any:
            return _Torn(bench.store, commits)

    bench.collector._store = Failing()  # type: ignore[assignment]
    with pytest.raises(Unavailable):
        bench.look()
    bench.collector._store = bench.store
    bench.say({name(): 5})
    bench.now += timedelta(minutes=5)
    bench.look()
    assert bench.sums() == {(): 5}


class _Torn:
    def __init__(self, store: Store, commits: bool) -> None:
        self._inner, self._commits = store.write(), commits

    def __enter__(self) -> Any:
        return self._inner.__enter__()

    def __exit__(self, *_: object) -> None:
        error = Unavailable("the connection was lost", "database")
        if self._commits:
            self._inner.__exit__(None, None, None)
        else:
            self._inner.__exit__(Unavailable, error, None)
        raise error


@pytest.mark.parametrize("failing", range(4))
def test_many_counters_are_written_in_parts_and_any_of_them_may_fail(
    bench: Bench, failing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "COUNTS_AT_ONCE", 10)
    names = [name().replace("GET /books", f"GET /{number}") for number in range(200)]
    writes = []

    class Failing:
        def read(self) -> Any:
            return bench.store.read()

        def write(self) -> Any:
            writes.append(1)
            return (
                _Torn(bench.store, failing % 2 == 0)
                if len(writes) > failing
                else (bench.store.write())
            )

    bench.say(dict.fromkeys(names, 3))
    bench.collector._store = Failing()  # type: ignore[assignment]
    with pytest.raises(Unavailable):
        bench.look()
    assert len(writes) == failing + 1
    if failing > 1:  # a collector that begins anew does as well as the one that was torn off
        bench.collector = bench.another()
    bench.collector._store = bench.store
    bench.say(dict.fromkeys(names, 4))
    bench.now += timedelta(minutes=5)
    bench.look()
    assert bench.sums() == {(): 800}
    assert set(bench.sums("operation").values()) == {4}


def test_names_nobody_knows_are_passed_over_and_do_not_stop_the_rest(bench: Bench) -> None:
    bench.say({"odd": 1, name().replace("env_production", "env_gone"): 2, name(): 3})
    bench.look()
    assert bench.sums() == {(): 3}


def test_too_many_series_are_one_and_no_call_is_lost() -> None:
    bounded = Bounded(series_max=3)
    series = [Series("o", "n", "e", "a", "v1.0", f"GET /{n}", "", "", 200) for n in range(10)]
    for start in (0, 300):
        found = [bounded.admit(item.id, item, start)[1] for item in series * 2]
        assert found[:3] == found[10:13] == series[:3]
        assert {item.operation for item in found[3:10]} == {OTHER}
        assert len({item.id for item in found}) == 4
    foreign = dataclasses.replace(series[9], organization_id="o2")
    assert bounded.admit(foreign.id, foreign, 0) == (foreign.id, foreign)


def test_usage_grows_old_and_goes(bench: Bench) -> None:
    bench.say({name(): 3})
    bench.look()
    bench.now += timedelta(seconds=300)
    bench.say({name(): 5})
    bench.look()
    rows = "seconds"
    for days, steps, expected in ((1, 0, 2), (3, 1, 1), (32, 1, 1), (402, 1, 0)):
        rolling = RollUp(bench.store)
        assert rolling.look(datetime(2030, 1, 1, tzinfo=UTC) + timedelta(days=days)) == steps, rows
        assert len(bench.sums(interval=1)) == expected
        assert bench.sums() == ({(): 5} if expected else {})
    with bench.store.write() as tx:
        assert tx.usage.forget_series(10) == 0
