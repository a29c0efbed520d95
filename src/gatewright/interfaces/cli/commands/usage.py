"""`gatewright usage`: who called what, how often, and how long it took."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.failure import usage as usage_error
from gatewright.interfaces.cli.options import Data, Json
from gatewright.interfaces.cli.session import Session, open_session

ROWS_MAX = 10_000
_AGO = re.compile(r"[1-9][0-9]{0,5}[mhd]")


Texts = list[str] | None
By = Annotated[
    Texts,
    typer.Option(
        "--by",
        metavar="WHAT",
        show_default=False,
        help="environment, api, version, operation, application, plan, status; "
        "several with commas. Default: api,version.",
    ),
]
Apis = Annotated[Texts, typer.Option("--api", metavar="API", help="Only these APIs.")]
Apps = Annotated[
    Texts, typer.Option("--application", "--app", metavar="APP", help="Only these applications.")
]
Environments = Annotated[
    Texts, typer.Option("--environment", "-e", metavar="ENV", help="Only these environments.")
]
Operations = Annotated[
    Texts, typer.Option("--operation", metavar="OP", help="Only these, as in 'GET /books'.")
]
Plans = Annotated[Texts, typer.Option("--plan", metavar="PLAN", help="Only these plans.")]
Statuses = Annotated[
    Texts, typer.Option("--status", metavar="CODE", help="Only these, as in 404 or 4xx.")
]
Since = Annotated[
    str, typer.Option("--since", help="So long ago (30m, 24h, 7d), or a time in ISO 8601.")
]
Until = Annotated[str | None, typer.Option("--until", show_default=False, help="Default: now.")]
Every = Annotated[
    str | None, typer.Option("--every", show_default=False, help="A row each 5m, 1h or 1d.")
]
Rows = Annotated[int, typer.Option("--limit", min=1, max=ROWS_MAX, help="Print at most so many.")]


def show_usage(
    context: typer.Context,
    *,
    by: By = None,
    api: Apis = None,
    application: Apps = None,
    environment: Environments = None,
    operation: Operations = None,
    plan: Plans = None,
    status: Statuses = None,
    since: Since = "24h",
    until: Until = None,
    every: Every = None,
    limit: Rows = 100,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show calls, by whom and to what, with the latency of half, 95 % and 99 % of them."""
    session = open_session(context, data, as_json=as_json)
    params: dict[str, object] = {
        "group_by": _split(by) or ["api", "version"], "interval": every, "api": api,
        "application": application, "environment": environment, "operation": operation,
        "plan": plan, "status": status,
        "to": _time(until, "until") if until else None,
    }  # fmt: skip
    params |= _begin(since)
    given = {name: value for name, value in params.items() if value}
    found = session.management.items("/usage", given, ROWS_MAX)
    whole = session.management.get("/usage", {**given, "limit": 1})
    rows = found["items"] if every else sorted(found["items"], key=_most_first)
    answer = {
        "since": whole["since"], "until": whole["until"], "total": whole["total"],
        "items": rows[:limit],
    }  # fmt: skip
    session.answer(answer, lambda: _table(session, answer, len(rows)))


def _table(session: Session, answer: dict[str, Any], count: int) -> None:
    items = answer["items"]
    names = list(items[0]["group"]) if items else []
    in_time = bool(items) and items[0]["starts_at"] is not None
    heads = [*(["FROM"] if in_time else []), *(name.upper() for name in names)]
    lines = [
        [
            *([item["starts_at"]] if in_time else []),
            *(item["group"][name] or "-" for name in names),
            *_numbers(item),
        ]
        for item in items
    ]
    total = ["total", *[""] * (len(heads) - 1)] if heads else []
    if not heads:
        heads, total = ["USAGE"], ["total"]
    lines.append([*total, *_numbers(answer["total"])])
    session.terminal.table([*heads, "CALLS", "P50", "P95", "P99"], lines)
    if count > len(items):
        session.terminal.say(f"{count - len(items):,} more rows: give --limit.")


def _numbers(item: dict[str, Any]) -> list[str]:
    latencies = (item[f"latency_p{share}_ms"] for share in (50, 95, 99))
    return [f"{item['calls']:,}", *("-" if it is None else f"{it:,.0f} ms" for it in latencies)]


def _most_first(item: dict[str, Any]) -> tuple[int, list[str]]:
    return -item["calls"], list(item["group"].values())


def _split(by: list[str] | None) -> list[str]:
    return [name.strip() for text in by or () for name in text.split(",") if name.strip()]


def _begin(text: str) -> dict[str, object]:
    """The server's clock tells how long ago a time span began."""
    return {"last": text} if _AGO.fullmatch(text) else {"from": _time(text, "since")}


def _time(text: str, option: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise usage_error(
            f"{text[:40]!r} is no time.", option, "Write 24h, 7d or 2030-01-31T12:00:00Z."
        ) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
