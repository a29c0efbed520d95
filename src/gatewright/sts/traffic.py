"""What the token service did: counted, and told to the log within bounds. It decides nothing.

For use by any thread. A token costs the hot path one append; `flush` counts and writes what was
appended.
"""

from collections import Counter as Tally
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

from gatewright.domain.world import EPOCH
from gatewright.observability.counters import Counter
from gatewright.observability.events import (
    Event,
    EventsLost,
    RequestRefused,
    TokenIssued,
    TokensIssued,
)
from gatewright.observability.metrics import Totals

REFUSALS_REPORTED_MAX = 20
"""Refusals written to the log in one second; the others are counted in the next one."""

WAITING_MAX = 20_000
"""Token events that wait to be written; more are counted only."""

_SECOND = timedelta(seconds=1)
Report = Callable[[Event], None]
ReportRows = Callable[[type[Event], Sequence[tuple[object, ...]]], None]
"""Writes events of one class, each given as its moment and its fields."""


class Issue(NamedTuple):
    """A token that was made; never the token. `scopes` is how many it carries."""

    at: datetime
    issuer: str
    client_id: str
    jti: str
    grant: str
    scopes: int


class Traffic:
    """Counters and events of one process's token service.

    Without `report_rows` single tokens are not told, only their number.
    """

    def __init__(self, report: Report, report_rows: ReportRows | None = None) -> None:
        self.requests = Counter("sts_requests_total", "endpoint", "outcome")
        self.tokens = Counter("sts_tokens_issued_total", "issuer", "client", "grant")
        self.refusals = Counter("sts_refusals_total", "reason", "client")
        self.lost = Counter("sts_events_lost_total")
        self._report, self._report_rows = report, report_rows
        self._turn = Lock()
        self._waiting: deque[Issue] = deque()
        self._lost_before = self._issued_before = 0
        self._reported_since, self._reported, self._suppressed = EPOCH, 0, 0

    def issued(self, issue: Issue) -> None:
        """Remember a token for `flush`."""
        if len(self._waiting) < WAITING_MAX:
            self._waiting.append(issue)
            return
        with self._turn:
            self._count([issue])
            if self._report_rows is not None:
                self.lost.add()

    def answered(self, endpoint: str, outcome: str) -> None:
        """Count an answer that is no token."""
        with self._turn:
            self.requests.add(endpoint, outcome)

    def refused(self, reason: str, *, known: bool, event: RequestRefused, now: datetime) -> None:
        """Count a refusal, and tell it unless there were many in this second."""
        with self._turn:
            self.requests.add(event.endpoint, event.error)
            self.refusals.add(reason, "known" if known else "unknown")
            suppressed = self._suppressed
            may_report = self._may_report(now)
            self._suppressed = 0 if may_report else suppressed + 1
        if may_report:
            self._report(replace(event, suppressed=suppressed))

    def flush(self) -> None:
        """Tell the tokens that were made since the last call; the log is written here."""
        taken = self._settle()
        with self._turn:
            lost = self.lost.value()
            fewer, self._lost_before = lost - self._lost_before, lost
        if taken and self._report_rows is not None:
            self._report_rows(TokenIssued, taken)
        if fewer:
            self._report(EventsLost(fewer))

    def sum_up(self) -> None:
        """Tell how many tokens were made since the last call."""
        self.flush()
        with self._turn:
            issued = self.requests.value("token", "ok")
            more, self._issued_before = issued - self._issued_before, issued
        if more:
            self._report(TokensIssued(more))

    def add_to(self, totals: Totals) -> None:
        """Add the counters."""
        self.flush()
        with self._turn:
            for counter in (self.requests, self.tokens, self.refusals, self.lost):
                totals.count(counter)

    def _settle(self) -> list[Issue]:
        """Count what waits, and take it. Another thread may append all the while."""
        with self._turn:  # whoever appends needs no turn, whoever takes does
            taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
            self._count(taken)
        return taken

    def _count(self, issues: Sequence[Issue]) -> None:
        if issues:
            self.requests.add("token", "ok", by=len(issues))
        tally = Tally((item.issuer, item.client_id, item.grant) for item in issues)
        for labels, count in tally.items():
            self.tokens.add(*labels, by=count)

    def _may_report(self, now: datetime) -> bool:
        if now - self._reported_since >= _SECOND:
            self._reported_since, self._reported = now, 0
        self._reported += 1
        return self._reported <= REFUSALS_REPORTED_MAX
