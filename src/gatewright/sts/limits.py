"""How often authentication may fail, per client and per address, decided before any hash.

Only failures count, so that a busy client with the right secret is never slowed. The numbers are
those of one process; workers do not share them.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from gatewright.sts.errors import TooManyFailures

Pair = tuple[str, str]
K = TypeVar("K")
_TRUSTED_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many failures in a second, and so many at once."""

    per_second: float
    burst: float


PAIR = Rate(10, 20)
ADDRESS = Rate(100, 200)
ENTRIES_MAX = 10_000


class Buckets(Generic[K]):
    """Token buckets by key, at most ENTRIES_MAX; the one unused for longest is given up first."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._levels: OrderedDict[K, tuple[float, datetime]] = OrderedDict()

    def wait_seconds(self, key: K, now: datetime) -> float:
        """How long until the key may fail again; 0 when it may now."""
        if key not in self._levels:
            return 0.0
        level = self._level(key, now)
        return 0.0 if level >= 1 else (1 - level) / self._rate.per_second

    def spend(self, key: K, now: datetime) -> None:
        """Count one failure."""
        self._levels[key] = (max(0.0, self._level(key, now) - 1), now)
        self._levels.move_to_end(key)
        if len(self._levels) > ENTRIES_MAX:
            self._levels.popitem(last=False)

    def __len__(self) -> int:
        return len(self._levels)

    def _level(self, key: K, now: datetime) -> float:
        level, then = self._levels.get(key, (self._rate.burst, now))
        passed = max(0.0, (now - then).total_seconds())
        return min(self._rate.burst, level + passed * self._rate.per_second)


class Limits:
    """Failures by (client, address) and by address.

    A client that succeeded from an address lately is not held up by what others do there, as
    behind one balancer everybody has the same address.
    """

    def __init__(self) -> None:
        self._pairs: Buckets[Pair] = Buckets(PAIR)
        self._addresses: Buckets[str] = Buckets(ADDRESS)
        self._trusted: OrderedDict[Pair, datetime] = OrderedDict()

    def check(self, pair: Pair, now: datetime) -> None:
        """Raise TooManyFailures when the request is not to be looked at."""
        if not len(self._addresses):
            return
        wait = self._pairs.wait_seconds(pair, now)
        if not wait and not self._is_trusted(pair, now):
            wait = self._addresses.wait_seconds(pair[1], now)
        if wait:
            raise TooManyFailures(
                "too many failed authentications.",
                way_out="Wait, then check client id and secret.",
                retry_after_seconds=int(wait) + 1,
            )

    def failed(self, pair: Pair, now: datetime) -> None:
        """Count a failure."""
        self._pairs.spend(pair, now)
        self._addresses.spend(pair[1], now)

    def succeeded(self, pair: Pair, now: datetime) -> None:
        """Remember a success."""
        self._trusted[pair] = now
        if len(self._trusted) > ENTRIES_MAX:
            self._trusted.popitem(last=False)

    def _is_trusted(self, pair: Pair, now: datetime) -> bool:
        then = self._trusted.get(pair)
        return then is not None and now - then < _TRUSTED_FOR
