"""Takes usage from Envoy's counters to the store: each call once, whoever of the two ends.

How far the counters were written stands in the store itself, in the transaction that wrote them:
a collector that begins anew goes on there. Envoy's own end costs what it counted since the last
look. While the store is away, what was counted is kept here by its period, within a bound; beyond
it stays in Envoy.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar
from zlib import crc32

from gatewright.domain.usage import (
    DAY_SECONDS,
    NO_DURATIONS,
    OTHER,
    PERIOD_SECONDS,
    SERIES_MAX,
    Mark,
    Point,
    Series,
    starts_at,
)
from gatewright.domain.world import World, microseconds, seconds
from gatewright.gateway.callers import Callers
from gatewright.gateway.compile.usage import CALL, COUNTERS_MAX
from gatewright.gateway.usage_counters import Call, Reading, boot, call, counted
from gatewright.observability.events import Event
from gatewright.store.port import Store

LOOK_SECONDS = 10
PENDING_MAX = 500_000
PARTS, COUNTS_AT_ONCE = 32, 2000
"""Counters are put into so many parts, and parts into transactions of some so many counts."""

WRITE_SHARE = 10
"""Writing takes at most one part in so many of the time, however much there is to write."""


@dataclass(frozen=True, slots=True)
class UsageFull(Event):
    """Envoy has no room for more counters in an environment: what else is called there is not
    counted until some are given up."""

    name: ClassVar[str] = "usage.full"
    level: ClassVar[str] = "warning"
    counters: int


Counts = dict[int, dict[str, int]]
"""What was counted, by the begin of its period and the counter's name."""


@dataclass(slots=True)
class _Part:
    """Some of the counters, by their names, with a mark of their own: `written` is when that was
    taken. `batch` was sent to the store with `mark`, and whether it arrived is not known."""

    key: str
    reading: Reading | None
    written: int
    pending: Counts = field(default_factory=dict)
    batch: Counts = field(default_factory=dict)
    mark: Mark | None = None

    @property
    def size(self) -> int:
        """How many counts wait."""
        return sum(map(len, self.pending.values())) + sum(map(len, self.batch.values()))


class Collector:
    """One gateway's. For use by one thread."""

    def __init__(
        self, node_id: str, read: Callable[[], Reading | None], open_store: Callable[[], Store],
        world: World, emit: Callable[[Event], None],
        clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._node_id, self._read, self._open_store = node_id, read, open_store
        self._world, self._emit, self._clock, self._sleep = world, emit, clock, sleep
        self._callers = Callers(node_id)
        self._bounded = Bounded()
        self._store: Store | None = None
        self._parts: list[_Part] | None = None
        self._write_from = 0.0
        self._is_full = False

    def look(self) -> None:
        """Read, and write what there is. Raises Unavailable when the store is away."""
        if self._store is None:
            self._store = self._open_store()
        if self._parts is None:
            self._parts = self._begin(self._store)
        now = self._world.now()
        if sum(part.size for part in self._parts) < PENDING_MAX:
            self._take(self._parts, now)
        if self._clock() < self._write_from:
            return
        started = self._clock()
        try:
            self._write_all(self._store, self._parts, now)
        finally:
            ended = self._clock()
            self._write_from = ended + (ended - started) * (WRITE_SHARE - 1)

    def close(self) -> None:
        """Release the store."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _begin(self, store: Store) -> list[_Part]:
        parts = []
        with store.read() as tx:
            for number in range(PARTS):
                key = f"{self._node_id}/{number}"
                mark = tx.usage.mark(key)
                reading = Reading(boot(mark.boot), mark.counters) if mark else None
                parts.append(_Part(key, reading, mark.taken_at if mark else 0))
        return parts

    def _take(self, parts: list[_Part], now: datetime) -> None:
        reading = self._read()
        if reading is None:
            return
        self._tell_full(is_full=len(reading.counters) >= COUNTERS_MAX)
        shares: list[dict[str, int]] = [{} for _ in parts]
        for name, value in reading.counters.items():
            series = name[name.find(CALL) :]  # so that all its durations are in one part
            shares[crc32(series.encode()) % PARTS][name] = value
        period = starts_at(seconds(now), PERIOD_SECONDS)
        for part, share in zip(parts, shares, strict=True):
            after = Reading(reading.boot, share)
            counts = counted(part.reading, after)
            part.reading = after
            if counts:
                _count(part.pending, {period: counts})

    def _write_all(self, store: Store, parts: list[_Part], now: datetime) -> None:
        """In transactions so small that nobody waits for long."""
        group: list[_Part] = []
        for part in parts:
            if not part.size:
                continue
            group.append(part)
            if sum(item.size for item in group) >= COUNTS_AT_ONCE:
                started = self._clock()
                self._write(store, group, now)
                self._sleep(self._clock() - started)  # others write in between
                group = []
        if group:
            self._write(store, group, now)

    def _write(self, store: Store, group: list[_Part], now: datetime) -> None:
        self._settle(store, group)
        group = [part for part in group if part.pending and part.reading]
        for part in group:
            part.mark = self._mark(part, now)
            part.batch, part.pending = part.pending, {}
        names = {name for part in group for counts in part.batch.values() for name in counts}
        calls = {name: call(name) for name in names}
        with store.read() as tx:
            self._callers.learn(tx, (item for item in calls.values() if item), now)
        series, points = self._rows([part.batch for part in group], calls)
        with store.write() as tx:
            tx.usage.add(series, points)
            for part in group:
                if part.mark:
                    tx.usage.set_mark(part.mark)
        for part in group:
            part.written = part.mark.taken_at if part.mark else part.written
            part.batch, part.mark = {}, None

    def _mark(self, part: _Part, now: datetime) -> Mark | None:
        if part.reading is None:
            return None
        taken_at = max(microseconds(now), part.written + 1)
        return Mark(part.key, part.reading.boot.text, taken_at, part.reading.counters)

    def _settle(self, store: Store, group: list[_Part]) -> None:
        """A write failed, perhaps after it was committed: the store's marks tell."""
        for part in group:
            if part.mark is None:
                continue
            with store.read() as tx:
                stored = tx.usage.mark(part.key)
            if stored is not None and stored.taken_at == part.mark.taken_at:
                part.written = stored.taken_at
            else:
                _count(part.pending, part.batch)
            part.batch, part.mark = {}, None

    def _rows(
        self, batches: list[Counts], calls: dict[str, Call | None]
    ) -> tuple[list[Series], list[Point]]:
        merged: Counts = {}
        for batch in batches:
            _count(merged, batch)
        series: dict[int, Series] = {}
        rows: dict[tuple[int, int], tuple[list[int], list[int]]] = {}
        for start, counts in sorted(merged.items()):
            for name, count in counts.items():
                known = calls[name]
                whose = self._callers.series(known) if known else None
                if known is None or whose is None:
                    continue
                id, whose = self._bounded.admit(whose.id, whose, start)
                series[id] = whose
                total, durations = rows.setdefault((id, start), ([0], list(NO_DURATIONS)))
                total[0] += count
                if known.bucket is not None:
                    durations[known.bucket] += count
        points = [
            Point(id, PERIOD_SECONDS, start, total[0], tuple(durations))
            for (id, start), (total, durations) in rows.items()
        ]
        return list(series.values()), points

    def _tell_full(self, *, is_full: bool) -> None:
        if is_full and not self._is_full:
            self._emit(UsageFull(COUNTERS_MAX))
        self._is_full = is_full


class Bounded:
    """Keeps the series of one organization in one period below SERIES_MAX: the others are one."""

    def __init__(self, series_max: int = SERIES_MAX) -> None:
        self._series_max = series_max
        self._known: dict[tuple[str, int], set[int]] = {}

    def admit(self, id: int, series: Series, start: int) -> tuple[int, Series]:
        """The series, or what stands for all that are too many: by environment and status."""
        key = (series.organization_id, start)
        known = self._known.get(key)
        if known is None:
            self._known = {k: ids for k, ids in self._known.items() if k[1] > start - DAY_SECONDS}
            known = self._known[key] = set()
        if id in known:
            return id, series
        if len(known) >= self._series_max:
            other = replace(
                series, api=OTHER, version="", operation=OTHER, application=OTHER, plan=""
            )
            return other.id, other
        known.add(id)
        return id, series


def _count(counts: Counts, more: Counts) -> None:
    for start, found in more.items():
        period = counts.setdefault(start, {})
        for name, count in found.items():
            period[name] = period.get(name, 0) + count
