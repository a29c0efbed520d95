"""The turn of a worker's threads at its token service: one at a time, and none waits for long."""

import threading
import time
from types import TracebackType

from gatewright.observability.counters import Histogram
from gatewright.sts.errors import TemporarilyUnavailable

WAIT_SECONDS_MAX = 2.0
"""A turn takes microseconds: who waits longer waits for a part that hangs."""


class Turn:
    """A lock to be used with `with`. Raises TemporarilyUnavailable after WAIT_SECONDS_MAX."""

    __slots__ = ("_acquire", "_release", "_waits")

    def __init__(self, waits: Histogram) -> None:
        lock = threading.Lock()
        self._acquire, self._release = lock.acquire, lock.release
        self._waits = waits

    def __enter__(self) -> None:
        if not self._acquire(False):  # noqa: FBT003 - by position, as it is asked so often
            self._wait()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    def _wait(self) -> None:
        began = time.monotonic()
        came = self._acquire(timeout=WAIT_SECONDS_MAX)
        self._waits.observe(time.monotonic() - began)
        if not came:
            raise TemporarilyUnavailable("too many requests are waiting.", retry_after_seconds=1)
