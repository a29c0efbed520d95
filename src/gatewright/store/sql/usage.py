"""The tables of usage, and what may be asked of them; sums are the database's work.

Series say what was counted, points how often: one row for each period in which anything was.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Insert,
    LargeBinary,
    Table,
    Text,
    Update,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)

from gatewright.domain.usage import (
    LATENCY_FLOORS,
    Mark,
    Point,
    Question,
    Series,
    Sum,
)
from gatewright.store.sql.columns import Key
from gatewright.store.sql.schema import METADATA

T = TypeVar("T")
ROWS_AT_ONCE = 500
BUCKETS = tuple(f"ms_{floor}" for floor in LATENCY_FLOORS)

SERIES = Table(
    "usage_series",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("organization_id", Key, nullable=False),
    Column("node_id", Key, nullable=False),
    Column("environment_id", Key, nullable=False),
    Column("api", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("application", Key, nullable=False),
    Column("plan", Text, nullable=False),
    Column("status", BigInteger, nullable=False),
    Index(None, "organization_id"),
)
POINTS = Table(
    "usage_points",
    METADATA,
    Column("series_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seconds", BigInteger, primary_key=True),
    Column("starts_at", BigInteger, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    *(Column(name, BigInteger, nullable=True) for name in BUCKETS),
    Index(None, "seconds", "starts_at"),
    sqlite_with_rowid=False,
)
MARKS = Table(
    "usage_marks",
    METADATA,
    Column("node_id", Key, primary_key=True),
    Column("boot", Text, nullable=False),
    Column("taken_at", BigInteger, nullable=False),
    Column("counters", LargeBinary, nullable=False),
)
_COLUMNS: dict[str, ColumnElement[Any]] = {
    "environment": SERIES.c.environment_id,
    **{name: SERIES.c[name] for name in ("api", "version", "operation", "application", "plan")},
    "status": SERIES.c.status,
}
_SAME_POINT = (
    POINTS.c.series_id == bindparam("of_series"),
    POINTS.c.seconds == bindparam("of_seconds"),
    POINTS.c.starts_at == bindparam("of_start"),
)


class SqlUsage:
    """Usage in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, series: Iterable[Series], points: Iterable[Point]) -> None:
        """Count the points to what is there already; `series` are those they belong to."""
        for some in _parts(list({item.id: item for item in series}.values())):
            self._add_series(some)
        for part in _parts(list(points)):
            self._add_points(part)

    def mark(self, node_id: str) -> Mark | None:
        """How far the counters of a gateway have been written."""
        row = self._connection.execute(select(MARKS).where(MARKS.c.node_id == node_id)).first()
        if row is None:
            return None
        counters = orjson.loads(zlib.decompress(row.counters))
        return Mark(row.node_id, row.boot, row.taken_at, counters)

    def set_mark(self, mark: Mark) -> None:
        """Say how far they have been written, in the transaction that wrote them."""
        counters = zlib.compress(orjson.dumps(mark.counters), 1)
        self._connection.execute(delete(MARKS).where(MARKS.c.node_id == mark.node_id))
        self._connection.execute(
            insert(MARKS),
            {
                "node_id": mark.node_id, "boot": mark.boot, "taken_at": mark.taken_at,
                "counters": counters,
            },
        )  # fmt: skip

    def sums(self, question: Question, *, offset: int, limit: int) -> list[Sum]:
        """The groups in the order of time and key, at most `limit` of them after `offset`."""
        keys = [_COLUMNS[name] for name in question.by]
        start = _start(question.interval)
        totals = [func.sum(POINTS.c.calls), *(func.sum(POINTS.c[name]) for name in BUCKETS)]
        statement = (
            select(start.label("at"), *keys, *totals)
            .select_from(SERIES.join(POINTS, POINTS.c.series_id == SERIES.c.id))
            .where(*_conditions(question))
            .order_by(start, *keys)
            .offset(offset)
            .limit(limit)
        )
        grouped = [start, *keys] if question.interval else keys
        if grouped:
            statement = statement.group_by(*grouped)
        found = [_sum(row, len(keys), question) for row in self._connection.execute(statement)]
        return [item for item in found if item.calls]  # without groups, SQL gives one of nothing

    def oldest(self, seconds: int, before: int) -> int | None:
        """The begin of the oldest period of that length that began before."""
        statement = select(func.min(POINTS.c.starts_at)).where(
            POINTS.c.seconds == seconds, POINTS.c.starts_at < before
        )
        found: int | None = self._connection.execute(statement).scalar()
        return found

    def lengthen(self, seconds: int, longer: int, start: int, limit: int) -> int:
        """Put points of the longer period that begins at `start` together; how many went.

        At most `limit` series at once. Their sums stay as they are.
        """
        within = (
            POINTS.c.seconds == seconds,
            POINTS.c.starts_at >= start,
            POINTS.c.starts_at < start + longer,
        )
        ids = select(POINTS.c.series_id).where(*within).distinct().limit(limit)
        chosen = [row[0] for row in self._connection.execute(ids)]
        points, gone = [], 0
        for some in _parts(chosen):
            of_these = (*within, POINTS.c.series_id.in_(some))
            totals = [func.sum(POINTS.c.calls), *(func.sum(POINTS.c[name]) for name in BUCKETS)]
            grouped = select(POINTS.c.series_id, *totals).where(*of_these)
            rows = self._connection.execute(grouped.group_by(POINTS.c.series_id))
            points += [
                Point(row[0], longer, start, int(row[1]), _durations(row[2:])) for row in rows
            ]
            gone += self._connection.execute(delete(POINTS).where(*of_these)).rowcount
        self.add((), points)
        return gone

    def drop(self, before: int, limit: int) -> int:
        """Remove points that began before, the oldest first; how many went."""
        oldest = (
            select(POINTS.c.series_id, POINTS.c.seconds, POINTS.c.starts_at)
            .where(POINTS.c.starts_at < before)
            .limit(limit)
        )
        keys = [tuple(row) for row in self._connection.execute(oldest)]
        for some in _parts(keys):
            key = tuple_(POINTS.c.series_id, POINTS.c.seconds, POINTS.c.starts_at)
            self._connection.execute(delete(POINTS).where(key.in_(some)))
        return len(keys)

    def forget_series(self, limit: int) -> int:
        """Remove series that no point is left of; how many went."""
        counted = select(literal(1)).where(POINTS.c.series_id == SERIES.c.id).exists()
        chosen = select(SERIES.c.id).where(~counted).limit(limit)
        ids = [row[0] for row in self._connection.execute(chosen)]
        for some in _parts(ids):
            self._connection.execute(delete(SERIES).where(SERIES.c.id.in_(some)))
        return len(ids)

    def _add_series(self, series: Sequence[Series]) -> None:
        ids = [item.id for item in series]
        known = select(SERIES.c.id).where(SERIES.c.id.in_(ids))
        there = {row[0] for row in self._connection.execute(known)}
        rows = [_series_row(item) for item in series if item.id not in there]
        if rows:
            self._connection.execute(insert(SERIES), rows)

    def _add_points(self, points: Sequence[Point]) -> None:
        key = tuple_(POINTS.c.series_id, POINTS.c.seconds, POINTS.c.starts_at)
        keys = [(item.series_id, item.seconds, item.starts_at) for item in points]
        known = select(POINTS.c.series_id, POINTS.c.seconds, POINTS.c.starts_at)
        there = {tuple(row) for row in self._connection.execute(known.where(key.in_(keys)))}
        new, old = [], []
        for item, found in zip(points, keys, strict=True):
            if found in there:
                row = {"of_series": found[0], "of_seconds": found[1], "of_start": found[2]}
                old.append(row | {"more_calls": item.calls} | _more(item.durations))
            else:
                new.append(_point_row(item))
                there.add(found)
        if new:
            self._connection.execute(_INSERT, new)
        if old:  # also what came twice, and has just been made
            self._connection.execute(_RAISE, old)


def _raise_statement() -> Update:
    values: dict[str, Any] = {"calls": POINTS.c.calls + bindparam("more_calls")}
    for name in BUCKETS:
        values[name] = func.coalesce(POINTS.c[name], 0) + bindparam(f"more_{name}")
    return update(POINTS).where(*_SAME_POINT).values(values)


_RAISE: Update = _raise_statement()
_INSERT: Insert = insert(POINTS)


def _named(durations: Sequence[int]) -> Iterator[tuple[str, int]]:
    return zip(BUCKETS, durations, strict=True)


def _point_row(item: Point) -> dict[str, Any]:
    counts = {name: count or None for name, count in _named(item.durations)}
    return {
        "series_id": item.series_id, "seconds": item.seconds, "starts_at": item.starts_at,
        "calls": item.calls, **counts,
    }  # fmt: skip


def _more(durations: Sequence[int]) -> dict[str, int]:
    return {f"more_{name}": count for name, count in _named(durations)}


def _series_row(item: Series) -> dict[str, Any]:
    return {name: getattr(item, name) for name in SERIES.c.keys()}  # noqa: SIM118 - columns


def _start(interval: int | None) -> ColumnElement[int]:
    if interval is None:
        return literal(0)
    return POINTS.c.starts_at - POINTS.c.starts_at % interval


def _conditions(question: Question) -> Iterator[ColumnElement[bool]]:
    yield SERIES.c.organization_id == question.organization_id
    yield POINTS.c.starts_at >= question.since
    yield POINTS.c.starts_at < question.until
    wanted: Mapping[str, tuple[str, ...]] = question.where or {}
    for name, values in wanted.items():
        column = _COLUMNS[name]
        yield column.in_([int(item) for item in values] if name == "status" else list(values))


def _sum(row: Any, keys: int, question: Question) -> Sum:
    start = int(row[0]) if question.interval else None
    key = tuple(str(item) for item in row[1 : keys + 1])
    return Sum(start, key, int(row[keys + 1] or 0), _durations(row[keys + 2 :]))


def _durations(values: Iterable[Any]) -> tuple[int, ...]:
    return tuple(int(item or 0) for item in values)


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), ROWS_AT_ONCE):
        yield items[start : start + ROWS_AT_ONCE]
