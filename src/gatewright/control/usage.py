"""Usage as people ask for it: by names, for those who may see it. It is only read here."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatewright.access.actions import Action
from gatewright.control import applications, environments
from gatewright.control.desk import Desk
from gatewright.domain.errors import Invalid
from gatewright.domain.usage import (
    DAY_SECONDS,
    DIMENSIONS,
    HOUR_SECONDS,
    KEPT_DAYS,
    NO_DURATIONS,
    NOBODY,
    OTHER,
    PERIOD_SECONDS,
    TEST,
    UNKNOWN,
    Durations,
    Question,
    Sum,
    percentile,
    starts_at,
)
from gatewright.domain.world import moment, seconds

NONE = "(none)"
"""How people write the application of calls without a valid credential."""

INTERVALS = {"5m": PERIOD_SECONDS, "1h": HOUR_SECONDS, "1d": DAY_SECONDS}
SINCE = timedelta(hours=24)
VALUES_MAX = 50
_UNITS = {"m": 60, "h": HOUR_SECONDS, "d": DAY_SECONDS}
_SPAN = re.compile(r"([1-9][0-9]{0,5})([mhd])")
_WORDS = {NONE: NOBODY, UNKNOWN: UNKNOWN, TEST: TEST, OTHER: OTHER}


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked. `where` holds names by dimension; an API may be `handle` or
    `handle:version`, a status `404` or `4xx`."""

    since: datetime | None = None
    until: datetime | None = None
    last: str | None = None
    by: tuple[str, ...] = ()
    interval: str | None = None
    where: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One group: its values by dimension, as people name them, and what was counted."""

    starts_at: datetime | None
    group: Mapping[str, str]
    calls: int
    durations: Durations

    def within(self, share: float) -> float | None:
        """The milliseconds within which that share of the calls ended."""
        return percentile(self.durations, share)


@dataclass(frozen=True, slots=True)
class Report:
    """A page of groups, the total of all of them, and the time that was looked at."""

    since: datetime
    until: datetime
    total: Row
    rows: tuple[Row, ...]


def report(desk: Desk, query: Query, *, offset: int, limit: int) -> Report:
    """At most `limit` groups after `offset`. Who may not see all usage gets that of their own
    applications. Raises Invalid, and NotFound for what is named and is not there."""
    desk.demand(Action.READ_USAGE)
    question = _question(desk, query)
    found = desk.tx.usage.sums(question, offset=offset, limit=limit)
    whole = Question(question.organization_id, question.since, question.until, (), None,
                     question.where)  # fmt: skip
    (total, *_) = desk.tx.usage.sums(whole, offset=0, limit=1) or (Sum(None, (), 0, NO_DURATIONS),)
    names = _names(desk, question.by, found)
    return Report(
        moment(question.since * 1_000_000),
        moment(question.until * 1_000_000),
        _row(total, (), {}),
        tuple(_row(item, question.by, names) for item in found),
    )


def _question(desk: Desk, query: Query) -> Question:
    now = desk.world.now()
    until = query.until or now
    since = query.since or until - _span(query.last)
    if since.tzinfo is None or until.tzinfo is None:
        raise Invalid("has no time zone.", "from", "Write it as 2030-01-31T12:00:00Z.")
    if not since < until or until - since > timedelta(days=KEPT_DAYS):
        raise Invalid(
            "is not before `to`, or by more than is kept.", "from",
            f"Ask for at most {KEPT_DAYS} days.",
        )  # fmt: skip
    return Question(
        desk.organization.id,
        starts_at(max(0, seconds(since)), PERIOD_SECONDS),
        max(0, seconds(until)),
        _dimensions(query.by),
        _interval(query.interval),
        _conditions(desk, query.where or {}),
    )


def _span(text: str | None) -> timedelta:
    if text is None:
        return SINCE
    match = _SPAN.fullmatch(text)
    if not match:
        raise Invalid(f"{text[:40]!r} is no span of time.", "last", "Write it as 30m, 24h or 7d.")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def _dimensions(by: tuple[str, ...]) -> tuple[str, ...]:
    for name in by:
        if name not in DIMENSIONS:
            known = ", ".join(DIMENSIONS)
            raise Invalid(f"{name[:40]!r} is nothing to group by.", "group_by", f"Use {known}.")
    return tuple(dict.fromkeys(by))


def _interval(text: str | None) -> int | None:
    if text is None:
        return None
    if text not in INTERVALS:
        raise Invalid("is no interval.", "interval", f"Use {', '.join(INTERVALS)}.")
    return INTERVALS[text]


def _conditions(desk: Desk, where: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, values in where.items():
        if len(values) > VALUES_MAX:
            raise Invalid("are too many values.", name, f"Give at most {VALUES_MAX}.")
        if name == "environment":
            found[name] = tuple(environments.named(desk, item).id for item in values)
        elif name == "application":
            found[name] = tuple(_application(desk, item) for item in values)
        elif name == "status":
            found[name] = tuple(code for item in values for code in _codes(item))
        elif name == "api":
            found |= _apis(values)
        elif name in DIMENSIONS:
            found[name] = values
    return _own(desk, found)


def _application(desk: Desk, name: str) -> str:
    return _WORDS[name] if name in _WORDS else applications.named(desk, name).id


def _apis(values: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """By handle; a version stands with a single one, as pairs can not be asked for."""
    handles = [item.partition(":") for item in values]
    versions = tuple({version for _, _, version in handles})
    found = {"api": tuple(handle for handle, _, _ in handles)}
    if versions == ("",) or not versions:
        return found
    if len(values) > 1:
        raise Invalid("has a version.", "api", "Give one API with its version, or handles only.")
    return found | {"version": versions}


def _codes(text: str) -> Iterable[str]:
    if len(text) == 3 and text[0] in "12345" and text[1:] == "xx":
        return (f"{text[0]}{rest:02}" for rest in range(100))
    if text.isascii() and text.isdecimal() and len(text) <= 3:
        return (str(int(text)),)
    raise Invalid(f"{text[:20]!r} is no status.", "status", "Write it as 404 or 4xx.")


def _own(desk: Desk, found: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    if desk.may(Action.READ_ALL_USAGE):
        return found
    mine = tuple(
        item.id
        for item in desk.tx.applications.find(
            organization_id=desk.organization.id, owner_id=desk.actor.id
        )
    )
    asked = found.get("application", mine)
    return found | {"application": tuple(id for id in asked if id in mine)}


def _names(desk: Desk, by: tuple[str, ...], found: list[Sum]) -> dict[tuple[str, str], str]:
    """How ids are called, by dimension and id; who is gone keeps the id."""
    names = {("application", word): text for text, word in _WORDS.items()}
    for dimension, rows in (
        ("environment", desk.tx.environments), ("application", desk.tx.applications),
    ):  # fmt: skip
        if dimension in by:
            place = by.index(dimension)
            ids = tuple({item.key[place] for item in found})
            known = rows.find(id=ids, organization_id=desk.organization.id) if ids else []
            names |= {(dimension, row.id): row.handle for row in known}
    return names


def _row(item: Sum, by: tuple[str, ...], names: Mapping[tuple[str, str], str]) -> Row:
    group = {
        name: names.get((name, value), value) for name, value in zip(by, item.key, strict=True)
    }
    begins = None if item.starts_at is None else moment(item.starts_at * 1_000_000)
    return Row(begins, group, item.calls, item.durations)
