"""What a worker does beside requests, each thing at its own pace; it answers nobody."""

import threading
import time
from collections.abc import Callable

from gatewright.interfaces.oauth.readers import Readers
from gatewright.interfaces.oauth.turn import Turn
from gatewright.observability.counters import Histogram
from gatewright.observability.log import Log
from gatewright.observability.metrics import Account, Totals
from gatewright.sts import answer
from gatewright.sts.errors import RequestTooSlow
from gatewright.sts.service import TokenService

TICK_SECONDS = 0.1
"""Token events are written and slow bodies ended so often; some hundred events a time."""

METRICS_SECONDS = 5.0
UPKEEP_SECONDS = 60.0
_CLOSE = ("connection", "close")


class Chores:
    """For one thread, which calls `tick` every TICK_SECONDS and `finish` at the end."""

    def __init__(
        self,
        service: TokenService,
        turn: Turn,
        readers: Readers,
        log: Log,
        histograms: tuple[Histogram, ...],
        account: Account | None = None,
    ) -> None:
        self._service, self._turn, self._readers, self._log = service, turn, readers, log
        self._histograms, self._account = histograms, account
        now = time.monotonic()
        self._metrics_at, self._upkeep_at = now + METRICS_SECONDS, now + UPKEEP_SECONDS
        self._upkeep_thread: threading.Thread | None = None

    def tick(self) -> None:
        """Do what is due. Never raises and never waits for the database."""
        now = time.monotonic()
        self._try("slow bodies", self._end_slow_bodies)
        self._try("events", self._service.traffic.flush)
        if now >= self._metrics_at:
            self._metrics_at = now + METRICS_SECONDS
            self._try("metrics", self._write_metrics)
        if now >= self._upkeep_at and not self._is_upkeep_running():
            self._upkeep_at = now + UPKEEP_SECONDS
            self._upkeep_thread = threading.Thread(target=self.upkeep, daemon=True)
            self._upkeep_thread.start()

    def upkeep(self) -> None:
        """Write last uses and prune revocations; no request waits for it. Never raises."""
        self._try("upkeep", self._upkeep)

    def finish(self) -> None:
        """Write whatever is left, before the worker ends. Never raises."""
        self.upkeep()
        self._try("events", self._service.traffic.flush)
        self._try("metrics", self._write_metrics)

    def totals(self) -> Totals:
        """The numbers of this worker."""
        totals, traffic = Totals(), self._service.traffic
        traffic.add_to(totals)
        for histogram in self._histograms:
            totals.observe(histogram)
        return totals

    def _end_slow_bodies(self) -> None:
        """Answer in the place of the threads that wait for them.

        Such a thread wakes up only when its client ends the connection, as granian has no way
        to end it from here.
        """
        for reading in self._readers.overdue():
            given = answer.refusal(too_slow())
            if reading.connection:
                reading.connection.response_bytes(
                    given.status, (*given.headers, _CLOSE), given.body
                )

    def _write_metrics(self) -> None:
        if self._account:
            self._account.write(self.totals())

    def _upkeep(self) -> None:
        with self._turn:
            work = self._service.upkeep()
        work()

    def _is_upkeep_running(self) -> bool:
        return self._upkeep_thread is not None and self._upkeep_thread.is_alive()

    def _try(self, what: str, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - a chore must never end the worker
            self._log.fail(what, error)


def too_slow() -> RequestTooSlow:
    """The refusal of a body that did not come in time."""
    return RequestTooSlow("the body did not come in time.")
