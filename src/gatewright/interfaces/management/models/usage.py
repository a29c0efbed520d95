"""What the management API answers about usage."""

from datetime import datetime

from gatewright.interfaces.management.models import Out


class UsageNumbersOut(Out):
    """Calls, and the milliseconds within which half, 95 % and 99 % of them ended; null without
    calls whose duration is known."""

    calls: int
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    latency_p99_ms: float | None


class UsageRowOut(UsageNumbersOut):
    """One group. `group` holds a value for each `group_by`; `starts_at` with an interval only."""

    starts_at: datetime | None
    group: dict[str, str]


class UsageOut(Out):
    """The groups in the order of time and names; `total` is that of all pages. The time asked for
    begins with the period that holds `from`, and ends before `to`."""

    since: datetime
    until: datetime
    total: UsageNumbersOut
    items: list[UsageRowOut]
    next_cursor: str | None = None
