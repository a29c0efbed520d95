"""How often a client may ask, and how often authentication may fail; decided before any hash.

Failures count per client and per address, requests per client that has proved itself: nobody can
use up another one's. The numbers are those of one process; workers do not share them.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from gatewright.sts.errors import TooManyFailures, TooManyRequests

Pair = tuple[str, str]
K = TypeVar("K")
_TRUSTED_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in a second, and so many at once."""

    per_second: float
    burst: float


PAIR = Rate(10, 20)
ADDRESS = Rate(100, 200)
MALFORMED = Rate(100, 200)
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


class Rates(Generic[K]):
    """Requests by key, at most ENTRIES_MAX keys; the one unused for longest is given up first.

    The generic cell rate algorithm (ITU-T I.371): of each key only the moment is kept at which it
    will have its whole burst again, so that a request costs one look and one addition.
    """

    def __init__(self, rate: Rate) -> None:
        self._interval = timedelta(seconds=1 / rate.per_second)
        self._burst = self._interval * rate.burst
        self._full_at: OrderedDict[K, datetime] = OrderedDict()

    def wait_seconds(self, key: K, now: datetime) -> float:
        """How long until the key may ask again; 0 when it may now."""
        full_at = self._full_at.get(key)
        if full_at is None or full_at <= now:
            return 0.0
        over = full_at - now - self._burst + self._interval
        # Further over than a burst can be is a clock that was set back: that holds nobody up.
        return over.total_seconds() if _NOTHING < over <= self._interval else 0.0

    def spend(self, key: K, now: datetime) -> None:
        """Count one request that may be answered."""
        full_at = self._full_at.get(key)
        if full_at is None or not now < full_at <= now + self._burst:
            full_at = now
        self._full_at[key] = min(full_at + self._interval, now + self._burst)
        self._full_at.move_to_end(key)
        if len(self._full_at) > ENTRIES_MAX:
            self._full_at.popitem(last=False)

    def __len__(self) -> int:
        return len(self._full_at)


_NOTHING = timedelta()


class Limits:
    """Requests by client; failures by (client, address) and by address.

    A client that succeeded from an address lately is not held up by what others do there, in its
    own name or another: behind one balancer everybody has the same address.
    """

    def __init__(self, client: Rate | None = None) -> None:
        self._client = client
        self._clients: Rates[str] | None = Rates(client) if client else None
        self._malformed: Rates[str] = Rates(MALFORMED)
        self._pairs: Buckets[Pair] = Buckets(PAIR)
        self._addresses: Buckets[str] = Buckets(ADDRESS)
        self._trusted: OrderedDict[Pair, datetime] = OrderedDict()

    def check(self, pair: Pair, now: datetime) -> None:
        """Raise TooManyRequests or TooManyFailures when the request is not to be looked at."""
        if self._clients is not None:
            self._check_client(self._clients, pair[0], now)
        if not len(self._addresses) or self._is_trusted(pair, now):
            return
        wait = self._pairs.wait_seconds(pair, now) or self._addresses.wait_seconds(pair[1], now)
        if wait:
            raise _too_many(wait)

    def failed(self, pair: Pair, now: datetime) -> None:
        """Count a failure. Raises TooManyFailures where only trust let it be looked at: whoever
        guesses beside a client that succeeds is slowed, and the client is not."""
        wait = self._pairs.wait_seconds(pair, now) if self._is_trusted(pair, now) else 0.0
        self._pairs.spend(pair, now)
        self._addresses.spend(pair[1], now)
        if wait:
            raise _too_many(wait)

    def succeeded(self, pair: Pair, now: datetime) -> None:
        """Remember a success; it counts as a request of the client."""
        if self._clients is not None:
            self._clients.spend(pair[0], now)
        self._trusted[pair] = now
        self._trusted.move_to_end(pair)
        if len(self._trusted) > ENTRIES_MAX:
            self._trusted.popitem(last=False)

    def malformed(self, address: str, now: datetime) -> None:
        """Count a request that nobody could read. Raises TooManyRequests when there are too many.

        Requests that can be read are not held up by it: behind one balancer all have one address.
        """
        wait = self._malformed.wait_seconds(address, now)
        if wait:
            raise TooManyRequests(
                "too many malformed requests of this address.", retry_after_seconds=int(wait) + 1
            )
        self._malformed.spend(address, now)

    def _check_client(self, clients: Rates[str], client_id: str, now: datetime) -> None:
        wait = clients.wait_seconds(client_id, now)
        if wait and self._client is not None:
            raise TooManyRequests(
                f"over {self._client.per_second:g} requests of this client in a second.",
                way_out="Use a token until it expires.",
                retry_after_seconds=int(wait) + 1,
            )

    def _is_trusted(self, pair: Pair, now: datetime) -> bool:
        then = self._trusted.get(pair)
        return then is not None and now - then < _TRUSTED_FOR


def _too_many(wait_seconds: float) -> TooManyFailures:
    return TooManyFailures(
        "too many failed authentications.",
        way_out="Wait, then check client id and secret.",
        retry_after_seconds=int(wait_seconds) + 1,
    )
