"""`gatewright plan …`: how many calls a subscription may make."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import Answer, segment
from gatewright.interfaces.cli.failure import usage
from gatewright.interfaces.cli.live import wait_until_live
from gatewright.interfaces.cli.options import Data, Json, Limit, NoWait, Yes
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean


class Unit(StrEnum):
    """The unit of time that calls are counted in."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


PlanName = Annotated[str, typer.Argument(metavar="PLAN", help="A plan: its name or id.")]
Description = Annotated[str | None, typer.Option("--description", help="Who it is for.")]
Requests = Annotated[
    int | None, typer.Option("--requests", min=1, help="Calls of a subscription per unit of time.")
]
Per = Annotated[Unit | None, typer.Option("--per", help="The unit of time.")]
Burst = Annotated[
    int | None, typer.Option("--burst", min=1, help="Of these at most so many at once…")
]
BurstSeconds = Annotated[
    int | None, typer.Option("--burst-seconds", min=1, help="…that is, within so many seconds.")
]
Stop = Annotated[
    bool | None,
    typer.Option(
        "--stop-on-quota/--no-stop-on-quota",
        help="Whether calls over the quota are refused, or pass and are only counted.",
        show_default=False,
    ),
]
_PATH = "/plans"


def list_plans(
    context: typer.Context, *, limit: Limit = 1000, data: Data = None, as_json: Json = False
) -> None:
    """List the subscription plans."""
    session = open_session(context, data, as_json=as_json)
    page = session.management.items(_PATH, {}, limit)

    def show() -> None:
        rows = [
            (item["name"], quota(item), _burst(item), _over(item), item["description"])
            for item in page["items"]
        ]
        heads = ("PLAN", "LIMIT", "BURST", "OVER THE QUOTA", "DESCRIPTION")
        session.terminal.table(heads, rows)

    session.answer(page, show)


def show_plan(
    context: typer.Context, plan: PlanName, *, data: Data = None, as_json: Json = False
) -> None:
    """Show a plan, and how many subscriptions are on it."""
    session = open_session(context, data, as_json=as_json)
    found = session.management.get(f"{_PATH}/{segment(plan)}")
    session.answer(found, lambda: _write(session, found))


def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for people, as Gold.")],
    *,
    requests: Requests = None,
    per: Per = None,
    burst: Burst = None,
    burst_seconds: BurstSeconds = None,
    stop_on_quota: Stop = None,
    description: Description = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a plan.

    Without --requests it is unlimited.
    """
    session = open_session(context, data, as_json=as_json)
    body = {"name": name} | _body(requests, per, burst, burst_seconds, stop_on_quota, description)
    found = session.management.post(_PATH, body).body

    def show() -> None:
        session.terminal.write(f"plan {clean(found['name'])}: {quota(found)}")
        session.terminal.next_step("subscribe", "APP", "API", "--plan", found["name"])

    session.answer(found, show)


def edit(
    context: typer.Context,
    plan: PlanName,
    *,
    name: Annotated[str | None, typer.Option("--name", help="Call it so from now on.")] = None,
    requests: Requests = None,
    unlimited: Annotated[bool, typer.Option("--unlimited", help="Take every limit away.")] = False,
    per: Per = None,
    burst: Burst = None,
    burst_seconds: BurstSeconds = None,
    no_burst: Annotated[bool, typer.Option("--no-burst", help="Take its burst away.")] = False,
    stop_on_quota: Stop = None,
    description: Description = None,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Change a plan.

    In force at once for every subscription on it, tokens that are out already included.
    """
    if (unlimited and requests) or ((unlimited or no_burst) and burst):
        raise usage("they say the contrary of each other.", "options", "Leave one of them out.")
    body = _body(requests, per, burst, burst_seconds, stop_on_quota, description)
    body |= {"name": name} if name is not None else {}
    body |= {"request_count": None, "burst_count": None} if unlimited else {}
    body |= {"burst_count": None} if no_burst else {}
    if not body:
        raise usage("there is nothing to change.", "options", "Give --requests or the like.")
    session = open_session(context, data, as_json=as_json)
    answer: Answer = session.management.send("PATCH", f"{_PATH}/{segment(plan)}", body=body)
    live = wait_until_live(session, answer.sequence, no_wait=no_wait)
    result = {"plan": answer.body, "live": live.document}
    live.check(result)

    def show() -> None:
        found = answer.body
        session.terminal.write(f"plan {clean(found['name'])}: {quota(found)}")
        session.terminal.say(live.words)

    session.answer(result, show)


def delete(
    context: typer.Context,
    plan: PlanName,
    *,
    yes: Yes = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Delete a plan.

    Refused while subscriptions are on it.
    """
    session = open_session(context, data, as_json=as_json)
    session.confirm(f"The plan {plan} will be gone for good.", plan, yes=yes)
    session.management.send("DELETE", f"{_PATH}/{segment(plan)}")
    result = {"deleted": plan}
    session.answer(result, lambda: session.terminal.write(f"plan {clean(plan)} is deleted"))


def _body(
    requests: int | None,
    per: Unit | None,
    burst: int | None,
    burst_seconds: int | None,
    stop_on_quota: bool | None,  # noqa: FBT001
    description: str | None,
) -> dict[str, object]:
    given = {
        "request_count": requests,
        "unit": None if per is None else per.value,
        "burst_count": burst,
        "burst_seconds": burst_seconds,
        "stop_on_quota": stop_on_quota,
        "description": description,
    }
    return {key: value for key, value in given.items() if value is not None}


def quota(plan: dict[str, Any]) -> str:
    """`1000 calls per minute`, or `unlimited`."""
    if plan["request_count"] is None:
        return "unlimited"
    return f"{plan['request_count']} calls per {plan['unit']}"


def _burst(plan: dict[str, Any]) -> str:
    if plan["burst_count"] is None:
        return "-"
    return f"{plan['burst_count']} in {plan['burst_seconds']} s"


def _over(plan: dict[str, Any]) -> str:
    if plan["request_count"] is None:
        return "-"
    return "refused" if plan["stop_on_quota"] else "counted only"


def _write(session: Session, plan: dict[str, Any]) -> None:
    session.terminal.pairs(
        [
            ("plan", plan["name"]),
            ("id", plan["id"]),
            ("description", plan["description"] or "-"),
            ("limit", quota(plan)),
            ("burst", _burst(plan)),
            ("over the quota", _over(plan)),
            ("subscriptions", plan["subscription_count"]),
        ]
    )
