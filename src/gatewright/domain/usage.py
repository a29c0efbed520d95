"""Usage: who called what, how often and how long it took, by periods that grow with their age."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

LATENCY_FLOORS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000)
"""Where each bucket of durations begins, in whole milliseconds; the last has no end."""

PERIOD_SECONDS, HOUR_SECONDS, DAY_SECONDS = 300, 3600, 86_400
ROLL_UPS = ((PERIOD_SECONDS, HOUR_SECONDS, 2), (HOUR_SECONDS, DAY_SECONDS, 30))
"""Periods of so many seconds become longer ones when they are so many days old."""

KEPT_DAYS = 400
SERIES_MAX = 20_000
"""Different series of one organization in one period of a gateway; all others are OTHER."""

DIMENSIONS = (
    "environment", "api", "version", "operation", "application", "plan", "status"
)  # fmt: skip
OTHER = "(other)"
"""Stands for what was too many to be told apart."""
NOBODY = ""
"""The application of calls that showed no valid credential."""
UNKNOWN = "(unknown)"
"""The application behind a valid credential that is nobody's here."""
TEST = "(test)"
"""The application of test keys."""


@dataclass(frozen=True, slots=True)
class Series:
    """What is counted apart. `application` is an id or one of the words above, `plan` a name or
    empty; without an API the call matched none. `status` is 0 where no answer was given."""

    organization_id: str
    node_id: str
    environment_id: str
    api: str
    version: str
    operation: str
    application: str
    plan: str
    status: int

    @property
    def id(self) -> int:
        """63 bits of a digest of all of it."""
        parts = (
            self.organization_id, self.node_id, self.environment_id, self.api, self.version,
            self.operation, self.application, self.plan, str(self.status),
        )  # fmt: skip
        digest = blake2b("\0".join(parts).encode(), digest_size=8).digest()
        return int.from_bytes(digest) >> 1


Durations = tuple[int, ...]
"""Calls by bucket of LATENCY_FLOORS."""
NO_DURATIONS: Durations = (0,) * len(LATENCY_FLOORS)


@dataclass(frozen=True, slots=True)
class Point:
    """The calls of a series in one period. `starts_at` is in seconds since the epoch; `calls` may
    be more than those whose duration is known."""

    series_id: int
    seconds: int
    starts_at: int
    calls: int
    durations: Durations = NO_DURATIONS


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a gateway's counters have been written: their values, and of which Envoy."""

    node_id: str
    boot: str
    taken_at: int
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: from `since` to before `until` in seconds; `by` are names of DIMENSIONS.

    `interval` seconds, if any, cut the time; `where` gives the values that a dimension may have.
    """

    organization_id: str
    since: int
    until: int
    by: tuple[str, ...] = ()
    interval: int | None = None
    where: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """The calls of one group; `key` is in the order of the question's `by`."""

    starts_at: int | None
    key: tuple[str, ...]
    calls: int
    durations: Durations


def starts_at(moment: int, seconds: int) -> int:
    """When the period began that holds the moment, both in seconds since the epoch."""
    return moment - moment % seconds


def merged(some: Sequence[int], more: Sequence[int]) -> Durations:
    """Both together."""
    return tuple(one + other for one, other in zip(some, more, strict=True))


def percentile(durations: Sequence[int], share: float) -> float | None:
    """The milliseconds within which so large a share of the calls ended; None without calls.

    Within its bucket a call is taken to lie where its rank says; of the last bucket the begin.
    """
    total = sum(durations)
    if not total:
        return None
    rank, passed = share * total, 0
    for index, count in enumerate(durations):
        if count and passed + count >= rank:
            low = LATENCY_FLOORS[index]
            if index + 1 == len(LATENCY_FLOORS):
                return float(low)
            high = LATENCY_FLOORS[index + 1]
            return round(low + (high - low) * max(0.0, rank - passed) / count, 1)
        passed += count
    return float(LATENCY_FLOORS[-1])
