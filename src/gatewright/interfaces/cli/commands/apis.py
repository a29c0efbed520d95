"""`gatewright api …`: APIs, from their first sight to their last."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import Answer, segment
from gatewright.interfaces.cli.live import Live, check_faults, wait_until_live
from gatewright.interfaces.cli.options import (
    ApiName,
    Data,
    Environment,
    Json,
    Limit,
    NoWait,
    Yes,
)
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import Terminal, bold, clean

_NO_DATES: Mapping[str, object] = MappingProxyType({})


def list_apis(
    context: typer.Context,
    *,
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state.")] = None,
    search: Annotated[str | None, typer.Option("--search", help="Only those named so.")] = None,
    limit: Limit = 1000,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List the APIs."""
    session = open_session(context, data, as_json=as_json)
    page = session.management.items("/apis", {"state": state, "search": search}, limit)

    def show() -> None:
        session.terminal.table(
            ("API", "NAME", "CONTEXT", "STATE", "OPERATIONS", "DEPLOYED TO"),
            [
                (
                    api["reference"],
                    api["name"],
                    api["context"],
                    api["state"],
                    api["operation_count"],
                    ", ".join(api["deployed_to"]) or "-",
                )
                for api in page["items"]
            ],
        )
        if page["next_cursor"]:
            session.terminal.say(f"There are more than {limit}; see --limit.")
        if not page["items"]:
            session.terminal.next_step("api", "import", "FILE")

    session.answer(page, show)


def show_api(
    context: typer.Context, api: ApiName, *, data: Data = None, as_json: Json = False
) -> None:
    """Show an API whole."""
    session = open_session(context, data, as_json=as_json)
    found = session.management.get(f"/apis/{segment(api)}")
    session.answer(found, lambda: write_api(session.terminal, found))


def deploy(
    context: typer.Context,
    api: ApiName,
    *,
    environment: Environment = None,
    revision: Annotated[
        int | None, typer.Option("--revision", min=1, help="An earlier revision's number.")
    ] = None,
    upstream: Annotated[
        str | None, typer.Option("--upstream", metavar="URL", help="Base URL of the service.")
    ] = None,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Deploy an API as it is now.

    To one environment, or without --environment to every one. Waits until it is live on every
    connected gateway.
    """
    session = open_session(context, data, as_json=as_json)
    body = {"environment": environment, "revision": revision, "upstream": upstream}
    wanted = {name: value for name, value in body.items() if value is not None}
    answer = session.management.post(f"/apis/{segment(api)}/deployments", wanted)
    deployments = items_of(answer.body)
    live = wait_until_live(session, answer.sequence, no_wait=no_wait)
    warnings = answer.body.get("warnings", [])
    result = {"deployments": deployments, "live": live.document, "warnings": warnings}
    live.check(result)
    now = session.management.get(f"/apis/{segment(api)}")
    check_faults(session, now["id"], live, result)

    def show() -> None:
        for item in deployments:
            place = f"{item['environment']}: revision {item['revision']} at {item['url']}"
            session.terminal.write(clean(place))
        write_warnings(session.terminal, warnings)
        session.terminal.say(f"{clean(now['reference'])} is deployed; {live.words}")
        ready = now["state"] in ("PUBLISHED", "DEPRECATED", "PRE-RELEASED")
        step = ("subscribe", "APP") if ready else ("api", "publish")
        session.terminal.next_step(*step, api)

    session.answer(result, show)


def publish(
    context: typer.Context,
    api: ApiName,
    *,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Publish an API.

    Applications find it from then on, and may subscribe.
    """
    session = open_session(context, data, as_json=as_json)
    move(session, api, "PUBLISHED", no_wait=no_wait)


def lifecycle(
    context: typer.Context,
    api: ApiName,
    state: Annotated[
        str,
        typer.Argument(
            metavar="STATE",
            help="CREATED, PRE-RELEASED, PUBLISHED, BLOCKED, DEPRECATED or RETIRED.",
        ),
    ],
    *,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Move an API to another lifecycle state."""
    session = open_session(context, data, as_json=as_json)
    move(session, api, state, no_wait=no_wait)


def delete(
    context: typer.Context,
    api: ApiName,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also when subscriptions cover it.")
    ] = False,
    yes: Yes = False,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Delete an API with its deployments.

    Its calls get 404 from then on. Refused while applications subscribe to it, unless it is
    RETIRED or --force is given.
    """
    session = open_session(context, data, as_json=as_json)
    found = session.management.get(f"/apis/{segment(api)}")
    reference = found["reference"]
    session.confirm(f"{reference} and its deployments will be gone for good.", reference, yes=yes)
    answer = session.management.send(
        "DELETE", f"/apis/{segment(found['id'])}", params={"force": "true" if force else None}
    )
    live = wait_until_live(session, answer.sequence, no_wait=no_wait)
    result = {"deleted": found["id"], "reference": reference, "live": live.document}
    live.check(result)
    session.answer(
        result, lambda: session.terminal.write(f"{clean(reference)} is deleted; {live.words}")
    )


def write_api(terminal: Terminal, api: dict[str, Any]) -> None:
    """An API whole, for a person."""
    pairs = [
        ("API", api["reference"]),
        ("id", api["id"]),
        ("name", api["name"]),
        ("context", api["context"]),
        ("state", api["state"]),
        *_dates(api),
        *([("new subscriptions", "pending until approved")] if api["approval_required"] else []),
        *((f"upstream {name}", url) for name, url in api["upstreams"].items()),
        *access_pairs(api["access"]),
    ]
    terminal.pairs(pairs)
    terminal.write()
    write_operations(terminal, api["operations"])
    if api["scopes"]:
        terminal.write()
        write_scopes(terminal, api["scopes"])
    if api["deployments"]:
        terminal.write()
        terminal.table(
            ("ENVIRONMENT", "REVISION", "URL", "UPSTREAM", "FAULT"),
            [
                (
                    item["environment"],
                    item["revision"],
                    item["url"],
                    item["upstream"],
                    (item.get("fault") or {}).get("reason", "-"),
                )
                for item in api["deployments"]
            ],
        )
    if api["next_states"]:
        terminal.say(f"lifecycle moves from here: {', '.join(map(clean, api['next_states']))}")


def access_pairs(access: dict[str, Any]) -> list[tuple[str, str]]:
    """How callers of an API show who they are."""
    managers = access["key_managers"]
    return [
        ("token header", access["token_header"]),
        ("subscription", "required" if access["subscription_required"] else "not required"),
        ("API keys", "taken" if access["api_keys"] else "refused"),
        ("key managers", "every one" if managers is None else ", ".join(managers)),
    ]


def write_operations(terminal: Terminal, operations: list[dict[str, Any]]) -> None:
    """Operations with what a caller needs for each."""
    terminal.table(
        ("OPERATION", "NEEDS", "SUMMARY"),
        [(item["operation"], needs(item), item["summary"]) for item in operations],
    )


def write_warnings(terminal: Terminal, warnings: list[dict[str, Any]]) -> None:
    """What was taken as it stands, and where to look."""
    for warning in warnings:
        terminal.say(f"warning: {clean(warning['location'])}: {clean(warning['message'])}")


def write_scopes(terminal: Terminal, scopes: list[dict[str, Any]]) -> None:
    """Scopes by both names."""
    terminal.table(
        ("SCOPE", "FULL NAME", "OPERATIONS", "DESCRIPTION"),
        [
            (item["name"], item["qualified_name"], len(item["operations"]), item["description"])
            for item in scopes
        ],
    )


def needs(operation: dict[str, Any]) -> str:
    """What a caller of the operation needs, such as `books:read` or `a + b | c`."""
    if operation["anonymous"]:
        return "nothing (public)"
    choices = [" + ".join(item) or "any token" for item in operation["alternatives"]]
    if operation.get("api_key"):
        choices.append("any API key")
    return " | ".join(choices) or "any token"


def items_of(body: object) -> list[dict[str, Any]]:
    """The items of a list answer, whether it comes as a page, a list or one object."""
    if isinstance(body, dict):
        items = body.get("items", [body])
        return [dict(item) for item in items]
    return [dict(item) for item in body] if isinstance(body, list) else []


def move(
    session: Session,
    api: str,
    state: str,
    dates: Mapping[str, object] = _NO_DATES,
    *,
    no_wait: bool,
) -> None:
    """Move an API to a lifecycle state, wait, and say where it is now."""
    path = f"/apis/{segment(api)}/lifecycle"
    answer: Answer = session.management.post(path, {"state": state, **dates})
    live: Live = wait_until_live(session, answer.sequence, no_wait=no_wait)
    result = {"api": answer.body, "live": live.document}
    live.check(result)

    def show() -> None:
        found = answer.body
        session.terminal.write(f"{clean(found['reference'])} is {bold(clean(found['state']))}")
        for name, moment in _dates(found):
            session.terminal.write(f"{name} {clean(moment)}")
        session.terminal.say(live.words)
        if found["state"] != "PUBLISHED":
            return
        step = ("subscribe", "APP") if found["deployed_to"] else ("api", "deploy")
        session.terminal.next_step(*step, api)

    session.answer(result, show)


def _dates(api: dict[str, Any]) -> list[tuple[str, str]]:
    """Since when it is deprecated, and until when it will be there."""
    named = (("deprecated since", api["deprecated_at"]), ("gone on", api["sunset_at"]))
    return [(name, moment) for name, moment in named if moment]
