"""`GET /usage`: who called what, how often, and how long it took."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from gatewright.control import usage
from gatewright.control.desk import Desk
from gatewright.domain.errors import Invalid
from gatewright.interfaces.management.caller import Reading
from gatewright.interfaces.management.models.usage import UsageNumbersOut, UsageOut, UsageRowOut
from gatewright.interfaces.management.paging import LIMIT_DEFAULT, Cursor, Limit

router = APIRouter(tags=["status"])
OFFSET_MAX = 10_000_000
_MARK = "usage-"
Names = Annotated[list[str] | None, Query(max_length=usage.VALUES_MAX)]


@router.get("/usage", response_model=UsageOut)
def read_usage(
    caller: Reading,
    *,
    since: Annotated[
        datetime | None, Query(alias="from", description="Default: 24 hours before `to`.")
    ] = None,
    until: Annotated[datetime | None, Query(alias="to", description="Default: now.")] = None,
    last: Annotated[
        str | None, Query(description="Instead of `from`: so long before `to`, as 30m, 24h, 7d.")
    ] = None,
    group_by: Annotated[
        list[str] | None,
        Query(
            max_length=7,
            description="environment, api, version, operation, application, plan, status.",
        ),
    ] = None,
    interval: Annotated[str | None, Query(description="5m, 1h or 1d.")] = None,
    environment: Names = None,
    api: Names = None,
    operation: Names = None,
    application: Names = None,
    plan: Names = None,
    status: Names = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Response:
    """Calls and latency by any of these groups; only of one's own applications, unless the role
    may see all. A filter takes any of its values."""
    asked = {
        "environment": environment, "api": api, "operation": operation,
        "application": application, "plan": plan, "status": status,
    }  # fmt: skip
    where = {name: tuple(values) for name, values in asked.items() if values}
    query = usage.Query(since, until, last, tuple(group_by or ()), interval, where)
    offset = _offset(cursor)

    def work(desk: Desk) -> UsageOut:
        found = usage.report(desk, query, offset=offset, limit=limit + 1)
        return _out(found, offset, limit)

    return caller.read(work)


def _out(found: usage.Report, offset: int, limit: int) -> UsageOut:
    more = len(found.rows) > limit
    return UsageOut(
        since=found.since,
        until=found.until,
        total=UsageNumbersOut(**_numbers(found.total)),
        items=[
            UsageRowOut(starts_at=row.starts_at, group=dict(row.group), **_numbers(row))
            for row in found.rows[:limit]
        ],
        next_cursor=_cursor(offset + limit) if more else None,
    )


def _numbers(row: usage.Row) -> dict[str, Any]:
    return {
        "calls": row.calls,
        "latency_p50_ms": row.within(0.5),
        "latency_p95_ms": row.within(0.95),
        "latency_p99_ms": row.within(0.99),
    }


def _cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(f"{_MARK}{offset}".encode()).rstrip(b"=").decode()


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    digits = text.removeprefix(_MARK)
    known = text.startswith(_MARK) and digits.isdecimal() and len(digits) <= 8
    if not known or int(digits) > OFFSET_MAX:
        raise Invalid("is no cursor of this API.", "cursor", "Start again without a cursor.")
    return int(digits)
