"""Structured log lines: whole, typed, and without what must not be in them."""

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from gatewright.crypto.secrets import SecretText
from gatewright.domain.world import World
from gatewright.observability.counters import SERIES_MAX, Counter
from gatewright.observability.events import Event, Started, StoreLost, TokenIssued
from gatewright.observability.log import LibraryHandler, Log

WORLD = World(lambda: datetime(2026, 11, 24, tzinfo=UTC), lambda n: b"\0" * n)


@dataclass(frozen=True, slots=True)
class Careless(Event):
    name: ClassVar[str] = "careless.event"
    secret: SecretText


def lines_of(level: str = "info") -> tuple[Log, list[dict]]:
    lines: list[dict] = []
    return Log("sts", WORLD, lambda line: lines.append(json.loads(line)), level), lines


def test_an_event_is_one_line() -> None:
    log, lines = lines_of()
    log.emit(Started("127.0.0.1:8001"))
    assert lines == [{
        "at": "2026-11-24T00:00:00Z", "level": "info", "part": "sts",
        "event": "process.started", "address": "127.0.0.1:8001",
    }]  # fmt: skip


def test_a_line_break_in_a_value_stays_in_its_line() -> None:
    raw: list[bytes] = []
    Log("sts", WORLD, raw.append).emit(StoreLost('a\n{"event":"forged"}'))
    assert raw[0].count(b"\n") == 1


def test_below_the_level_nothing_is_written() -> None:
    log, lines = lines_of("warning")
    log.emit(Started("x"))
    log.emit(StoreLost("y"))
    assert [line["event"] for line in lines] == ["store.lost"]


def test_secret_text_is_redacted() -> None:
    log, lines = lines_of()
    log.emit(Careless(SecretText("hush")))
    assert lines[0]["secret"] == "…"


def test_a_failure_tells_where_and_not_what() -> None:
    log, lines = lines_of()
    try:
        raise ValueError("hush")
    except ValueError as error:
        log.fail("here", error)
    assert lines[0]["kind"] == "ValueError" and "test_a_failure" in lines[0]["trace"]
    assert "hush" not in json.dumps(lines)


def test_library_lines_arrive() -> None:
    log, lines = lines_of()
    logger = logging.Logger("some.library")
    logger.addHandler(LibraryHandler(log))
    logger.warning("took %d s", 3)
    logger.info("chatter")
    assert [(line["library"], line["text"]) for line in lines] == [("some.library", "took 3 s")]


def test_counters_are_bounded() -> None:
    counter = Counter("c")
    for number in range(SERIES_MAX + 5):
        counter.add(str(number))
    counter.add("3", by=2)
    assert (counter.value("3"), counter.value("overflow")) == (3, 5)
    assert len(list(counter)) == SERIES_MAX + 1


def test_many_events_at_once_are_as_many_lines() -> None:
    raw: list[bytes] = []
    log = Log("sts", WORLD, raw.append)
    at = WORLD.now()
    log.emit_rows(TokenIssued, [(at, "i", "c", f"jti-{number}", "g", 2) for number in range(3)])
    (written,) = raw
    lines = [json.loads(line) for line in written.splitlines()]
    assert [line["jti"] for line in lines] == ["jti-0", "jti-1", "jti-2"]
    assert lines[0] == {
        "at": "2026-11-24T00:00:00Z", "level": "info", "part": "sts", "event": "token.issued",
        "issuer": "i", "client_id": "c", "jti": "jti-0", "grant": "g", "scopes": 2,
    }  # fmt: skip


def test_many_events_below_the_level_are_not_written() -> None:
    raw: list[bytes] = []
    Log("sts", WORLD, raw.append, "error").emit_rows(TokenIssued, [(WORLD.now(),) + ("",) * 5])
    assert not raw
