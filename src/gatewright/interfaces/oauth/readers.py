"""Counts the requests that are coming in from each address, so that one can not hold every thread.

It knows no endpoint; behind a proxy, which sends whole requests, the count stays near zero.
"""

import threading


class Readers:
    """Who is being read. For use by any number of threads."""

    def __init__(self, per_address_max: int) -> None:
        self._max = per_address_max
        self._turn = threading.Lock()
        self._counts: dict[str, int] = {}

    def enter(self, address: str) -> bool:
        """Whether one more of that address may be read; each True is answered by a `leave`."""
        with self._turn:
            count = self._counts.get(address, 0)
            if count >= self._max:
                return False
            self._counts[address] = count + 1
            return True

    def leave(self, address: str) -> None:
        """One of that address has been read, or has gone."""
        with self._turn:
            left = self._counts[address] - 1
            if left:
                self._counts[address] = left
            else:
                del self._counts[address]
