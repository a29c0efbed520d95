"""`gatewright api limit …`: limits of an API and of its operations, by environment."""

from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import segment
from gatewright.interfaces.cli.commands.apis import items_of
from gatewright.interfaces.cli.failure import usage
from gatewright.interfaces.cli.options import ApiName, Data, Environment, Json
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean


def limit(
    context: typer.Context,
    api: ApiName,
    rate: Annotated[
        str | None,
        typer.Argument(metavar="COUNT/UNIT", help="Such as 1000/minute, 5000/hour or 9/day."),
    ] = None,
    *,
    environment: Environment = None,
    operation: Annotated[
        str | None,
        typer.Option("--operation", metavar='"GET /books"', help="Only calls of this operation."),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the limit away.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Limit the calls of an API, all callers together; without a limit, list them.

    In force with the next deployment to that environment.
    """
    if rate is None and not remove:
        if operation is not None:
            raise usage("needs a limit.", "--operation", "Add one such as 100/minute, or --remove.")
        _list(open_session(context, data, as_json=as_json), api, environment)
        return
    if rate is not None and remove:
        raise usage("takes no limit.", "--remove", "Leave one of them out.")
    if environment is None:
        raise usage("is needed to change a limit.", "--environment", "See `gatewright env list`.")
    session = open_session(context, data, as_json=as_json)
    body: dict[str, object] = {"api": rate}
    if operation is not None:
        body = {"operations": {operation: rate}}
    path = f"/apis/{segment(api)}/limits/{segment(environment)}"
    found = session.management.send("PATCH", path, body=body).body

    def show() -> None:
        what = f"{clean(operation)} of {clean(api)}" if operation else clean(api)
        words = "has no limit any more" if rate is None else f"is limited to {clean(rate)}"
        session.terminal.write(f"{what} {words} in {clean(found['environment'])}")
        _say_when(session, api, found)

    session.answer(found, show)


def _list(session: Session, api: str, environment: str | None) -> None:
    answer = session.management.get(f"/apis/{segment(api)}/limits")
    found = [item for item in items_of(answer) if environment in (None, item["environment"])]

    def show() -> None:
        rows = [row for item in found for row in _rows(item)]
        session.terminal.table(("ENVIRONMENT", "OPERATION", "LIMIT", "IN FORCE"), rows)
        for item in found:
            if item["deploy_needed"]:
                _say_when(session, api, item)

    session.answer({"items": found}, show)


def _rows(item: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    wanted = {it["operation"]: it["limit"] for it in item["limits"]}
    serving = {it["operation"]: it["limit"] for it in item["in_force"] or ()}
    keys = sorted({*wanted, *serving}, key=lambda key: (key is not None, key))
    return [
        (item["environment"], key or "*", wanted.get(key, "none"), serving.get(key, "none"))
        for key in keys
    ]


def _say_when(session: Session, api: str, item: dict[str, Any]) -> None:
    if item["in_force"] is None:
        session.terminal.say(f"{clean(item['environment'])} does not serve it yet")
    elif item["deploy_needed"]:
        number = item["deployed_revision"]
        session.terminal.say(
            f"not in force yet: deploying does that; with --revision {number}, nothing else changes"
        )
    else:
        return
    session.terminal.next_step("api", "deploy", api, "--environment", item["environment"])
