"""Knows the requests that are coming in: how many of each address, and since when.

So one address can not hold every thread, and who sends too slowly is told. It knows no endpoint;
behind a proxy, which sends whole requests, there is hardly ever anything in it.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

BODY_SECONDS_MAX = 10.0
"""For a whole body to come in; then the client is answered, whatever still comes."""


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
        self._turn = threading.Lock()
        self._readings: dict[int, Reading] = {}

    def enter(self, address: str, connection: Connection | None = None) -> Reading | None:
        """One more of that address is read, or None when it has too many.

        Each Reading is given to `leave`.
        """
        reading = Reading(address, self._monotonic(), connection)
        with self._turn:
            # Nobody has to be counted while all addresses together have no more.
            if len(self._readings) >= self._max and self._count(address) >= self._max:
                return None
            self._readings[id(reading)] = reading
        return reading

    def leave(self, reading: Reading) -> None:
        """It has been read, or has gone."""
        with self._turn:
            del self._readings[id(reading)]

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

    def _count(self, address: str) -> int:
        return sum(item.address == address for item in self._readings.values())
