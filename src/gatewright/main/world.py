"""The one real clock and source of chance."""

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from gatewright.domain.world import World

POOL_BYTES = 4096


def real_world() -> World:
    """The system's clock, and random bytes of the operating system."""
    return World(lambda: datetime.now(UTC), os.urandom)


def worker_world() -> World:
    """As `real_world`, for a process that needs a few random bytes thousands of times a second.

    Each call of the operating system would let other threads in, in the middle of a request.
    """
    return World(lambda: datetime.now(UTC), pooled(os.urandom))


def pooled(random_bytes: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """The same source, drawn POOL_BYTES at a time; no byte is given twice, to any thread.

    Not for a process that forks: both halves would go on with the same bytes.
    """
    turn = threading.Lock()
    pool, place = b"", 0

    def draw(count: int) -> bytes:
        nonlocal pool, place
        with turn:
            end = place + count
            if end > len(pool):
                pool, place, end = random_bytes(POOL_BYTES + count), 0, count
            drawn, place = pool[place:end], end
            return drawn

    return draw
