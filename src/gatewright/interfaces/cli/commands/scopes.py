"""`gatewright scope …`: which operations ask for which permission."""

from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import Answer, segment
from gatewright.interfaces.cli.commands.apis import items_of, needs
from gatewright.interfaces.cli.options import ApiName, Data, Json
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean

ScopeName = Annotated[str, typer.Argument(metavar="SCOPE", help="A scope's name.")]
Operation = Annotated[
    str,
    typer.Option(
        "--operation", metavar='"GET /books"', help="Method and path as the API declares; * is all."
    ),
]


def list_scopes(
    context: typer.Context, api: ApiName, *, data: Data = None, as_json: Json = False
) -> None:
    """List an API's scopes and who asks for them."""
    session = open_session(context, data, as_json=as_json)
    found = session.management.get(f"/apis/{segment(api)}/scopes")

    def show() -> None:
        rows = [
            (item["name"], item["qualified_name"], ", ".join(item["operations"]) or "-")
            for item in items_of(found)
        ]
        session.terminal.table(("SCOPE", "FULL NAME", "OPERATIONS"), rows)

    session.answer(found, show)


def add(
    context: typer.Context,
    api: ApiName,
    scope: ScopeName,
    *,
    description: Annotated[str, typer.Option("--description", help="What it permits.")] = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Add a scope to an API."""
    session = open_session(context, data, as_json=as_json)
    body = {"name": scope, "description": description}
    answer = session.management.post(f"/apis/{segment(api)}/scopes", body)

    def show() -> None:
        session.terminal.write(f"{clean(scope)} is a scope of {clean(api)}")
        session.terminal.next_step("scope", "attach", api, scope, "--operation", "GET /…")

    session.answer(answer.body, show)


def attach(
    context: typer.Context,
    api: ApiName,
    scope: ScopeName,
    *,
    operation: Operation,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Let an operation ask for a scope.

    Any one of an operation's attached scopes suffices. In force with the next deploy.
    """
    session = open_session(context, data, as_json=as_json)
    path, body = f"/apis/{segment(api)}/scope-attachments", {"scope": scope, "operation": operation}
    answer = session.management.post(path, body)
    _say(session, api, f"{clean(scope)} is attached to {clean(operation)}", answer)


def detach(
    context: typer.Context,
    api: ApiName,
    scope: ScopeName,
    *,
    operation: Operation,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Let an operation no longer ask for a scope.

    In force with the next deploy.
    """
    session = open_session(context, data, as_json=as_json)
    path, asked = (
        f"/apis/{segment(api)}/scope-attachments",
        {"scope": scope, "operation": operation},
    )
    answer = session.management.send("DELETE", path, params=asked)
    _say(session, api, f"{clean(scope)} is detached from {clean(operation)}", answer)


def _say(session: Session, api: str, done: str, answer: Answer) -> None:
    found = answer.body if answer.body is not None else _api(session, api)

    def show() -> None:
        session.terminal.write(done)
        for item in found.get("operations", []):
            if isinstance(item, dict) and "alternatives" in item:
                session.terminal.say(f"  {clean(item['operation'])} needs {clean(needs(item))}")
        session.terminal.next_step("api", "deploy", api)

    session.answer(found, show)


def _api(session: Session, api: str) -> dict[str, Any]:
    return dict(session.management.get(f"/apis/{segment(api)}"))
