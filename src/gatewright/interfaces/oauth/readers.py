"""Knows the requests that are coming in: how many of each address, and since when.

So one address can not hold every thread, and who sends too slowly is told. It knows no endpoint;
behind a proxy, which sends whole requests, there is hardly ever anything in it.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

BODY_SECONDS_MAX = 10.0
"""For a whole body to come in; then the client is answered, whatever still comes."""


SLOW_SECONDS = 1.0
"""What has been coming in for so long comes in slowly; a whole request takes a thousandth of it."""

PATIENCE_SECONDS = 0.1
"""How long one too many waits while the others may be whole requests on their way through."""


class Connection(Protocol):
    """A way to answer a request from another thread than the one that reads it."""

    def response_bytes(
        self, status: int, headers: tuple[tuple[str, str], ...], body: bytes, /
    ) -> None:
        """Answer; nothing happens when it was answered before."""


@dataclass(slots=True, eq=False)
class Reading:
    """One request that comes in. `was_ended` when its time was over."""

    address: str
    since: float
    connection: Connection | None
    was_ended: bool = False


class Readers:
    """Who is being read. For use by any number of threads."""

    def __init__(
        self, per_address_max: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._max = per_address_max
        self._monotonic = monotonic
        self._turn = threading.Condition(threading.Lock())
        self._waiting = 0
        self._readings: dict[int, Reading] = {}

    def enter(self, address: str, connection: Connection | None = None) -> Reading | None:
        """One more of that address is read, or None when it has too many, and still has them a
        moment later: busy is not slow. Each Reading is given to `leave`.
        """
        reading = Reading(address, self._monotonic(), connection)
        with self._turn:
            # Nobody has to be counted while all addresses together have no more.
            if len(self._readings) >= self._max and not self._has_room(address):
                return None
            self._readings[id(reading)] = reading
        return reading

    def leave(self, reading: Reading) -> None:
        """It has been read, or has gone."""
        with self._turn:
            del self._readings[id(reading)]
            if self._waiting:
                self._turn.notify_all()

    def overdue(self) -> list[Reading]:
        """Those whose time is over, each told once."""
        if not self._readings:
            return []
        with self._turn:
            begun = self._monotonic() - BODY_SECONDS_MAX
            late = [item for item in self._readings.values()
                    if item.since <= begun and item.connection and not item.was_ended]  # fmt: skip
            for item in late:
                item.was_ended = True
        return late

    def _has_room(self, address: str) -> bool:
        """Whether there is room for one more, or comes to be before patience ends. Where half of
        what the address may have is slow, nobody waits: that would hold up all others."""
        if self._count(address) < self._max:
            return True
        begun = self._monotonic() - SLOW_SECONDS
        if self._count(address, begun) > self._max // 2:
            return False
        self._waiting += 1
        try:
            return self._turn.wait_for(lambda: self._count(address) < self._max, PATIENCE_SECONDS)
        finally:
            self._waiting -= 1

    def _count(self, address: str, begun: float = math.inf) -> int:
        """How many of the address have been read since then or longer."""
        return sum(
            item.address == address and item.since <= begun for item in self._readings.values()
        )
