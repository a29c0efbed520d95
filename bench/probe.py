"""Watches the gateway about once a millisecond until a change is in force, and times it."""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

POLL_SECONDS = 0.001
PATIENCE_SECONDS = 15
# A change that is in force must stay so: this many more answers have to agree.
AGREEING_ANSWERS = 20


class NotInForceError(Exception):
    """The gateway did not act on a change in time, or acted and then forgot it."""


@dataclass(frozen=True)
class Timing:
    """When a change was in force, from the start and from the end of the call that made it.

    `after_answer_ms` is negative when the gateway acted before the call was answered.
    """

    call_ms: float
    from_start_ms: float
    after_answer_ms: float


class Probe:
    """One call to the gateway, repeated on one kept-alive connection.

    What it sees is the answer's status, or with a header's name, whether the answer has it.
    """

    def __init__(self, url: str, path: str, token: str, header: str | None = None) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
        self._path = path
        self._headers = {"Authorization": f"Bearer {token}"}
        self._header = header

    def look(self) -> int:
        self._connection.request("GET", self._path, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        if self._header is None:
            return answer.status
        if answer.status != HTTPStatus.OK:
            raise NotInForceError(f"a call that only watches a header got {answer.status}")
        return self._header in answer.headers

    def close(self) -> None:
        self._connection.close()


def time_change(probe: Probe, change: Callable[[], object], before: int, after: int) -> Timing:
    """Make the change while the probe watches what it sees turn from one to the other."""
    seen = probe.look()
    if seen != before:
        raise NotInForceError(f"before the change the gateway gave {seen}, not {before}")
    watch = _Watch(probe, after)
    watch.start()
    started = time.perf_counter()
    change()
    answered = time.perf_counter()
    in_force = watch.result()
    return Timing(
        call_ms=(answered - started) * 1000,
        from_start_ms=(in_force - started) * 1000,
        after_answer_ms=(in_force - answered) * 1000,
    )


class _Watch(threading.Thread):
    """The thread that polls; what it saw, or its failure, is taken by `result`."""

    def __init__(self, probe: Probe, wanted: int) -> None:
        super().__init__(daemon=True)
        self._probe = probe
        self._wanted = wanted
        self._in_force: float | None = None
        self._failure: Exception | None = None

    def run(self) -> None:
        try:
            self._in_force = self._poll()
        except Exception as error:  # noqa: BLE001 - carried to the thread that waits for us
            self._failure = error

    def result(self) -> float:
        self.join()
        if self._failure is not None:
            raise self._failure
        assert self._in_force is not None  # a thread that ended without failure has it
        return self._in_force

    def _poll(self) -> float:
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while self._probe.look() != self._wanted:
            if time.perf_counter() > deadline:
                raise NotInForceError(f"no {self._wanted} within {PATIENCE_SECONDS} s")
            time.sleep(POLL_SECONDS)
        in_force = time.perf_counter()
        for _ in range(AGREEING_ANSWERS):
            seen = self._probe.look()
            if seen != self._wanted:
                raise NotInForceError(f"{self._wanted} turned into {seen} again")
        return in_force
