"""`gatewright api edit`, `deprecate`, `block` and `unblock`: an API's settings and its state."""

from typing import Annotated

import typer

from gatewright.interfaces.cli.client import segment
from gatewright.interfaces.cli.commands.apis import move
from gatewright.interfaces.cli.failure import usage
from gatewright.interfaces.cli.options import ApiName, Data, Environment, Json, NoWait
from gatewright.interfaces.cli.session import open_session
from gatewright.interfaces.cli.terminal import clean


def edit(
    context: typer.Context,
    api: ApiName,
    *,
    name: Annotated[str | None, typer.Option("--name", help="A display name.")] = None,
    description: Annotated[
        str | None, typer.Option("--description", help="What it is for, in Markdown.")
    ] = None,
    upstream: Annotated[
        str | None,
        typer.Option("--upstream", metavar="URL", help="Base URL, with --environment."),
    ] = None,
    environment: Environment = None,
    approval: Annotated[
        bool | None,
        typer.Option(
            "--approval/--no-approval",
            help="Whether new subscriptions are pending until approved.",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Change an API's settings.

    An upstream is in force with the next deployment; the others are at once.
    """
    if (upstream is None) != (environment is None):
        raise usage("go together.", "--upstream and --environment", "Give both or none.")
    given = {"name": name, "description": description, "approval_required": approval}
    body: dict[str, object] = {key: value for key, value in given.items() if value is not None}
    if environment is not None:
        body["upstreams"] = {environment: upstream}
    if not body:
        raise usage("there is nothing to change.", "options", "Give --approval or the like.")
    session = open_session(context, data, as_json=as_json)
    found = session.management.send("PATCH", f"/apis/{segment(api)}", body=body).body

    def show() -> None:
        session.terminal.write(f"{clean(found['reference'])} is changed")
        if approval is not None:
            words = "are pending until approved" if approval else "need no approval"
            session.terminal.say(f"new subscriptions {words}")
        if environment is not None:
            session.terminal.say("the upstream is in force with the next deployment")
            session.terminal.next_step("api", "deploy", api, "--environment", environment)

    session.answer(found, show)


def deprecate(
    context: typer.Context,
    api: ApiName,
    *,
    sunset: Annotated[
        str | None,
        typer.Option("--sunset", metavar="DATE", help="It will be gone on that day (UTC)."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Deprecated since that day, instead of now."),
    ] = None,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Deprecate an API.

    Subscriptions go on, and no new ones are taken. Callers are told by the headers Deprecation
    and, with a date such as 2027-06-30, Sunset; nothing ends by itself on that day.
    """
    dates = {"deprecated_at": since, "sunset_at": sunset}
    given = {name: value for name, value in dates.items() if value is not None}
    move(open_session(context, data, as_json=as_json), api, "DEPRECATED", given, no_wait=no_wait)


def block(
    context: typer.Context,
    api: ApiName,
    *,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Block an API: every call is answered 503 until it is unblocked."""
    move(open_session(context, data, as_json=as_json), api, "BLOCKED", no_wait=no_wait)


def unblock(
    context: typer.Context,
    api: ApiName,
    *,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Unblock an API: it is published again, or deprecated if it was before."""
    session = open_session(context, data, as_json=as_json)
    found = session.management.get(f"/apis/{segment(api)}")
    if found["state"] != "BLOCKED":
        raise usage(f"{found['reference']} is {found['state']}.", "api", "Nothing is to be done.")
    state = "DEPRECATED" if found["deprecated_at"] else "PUBLISHED"
    move(session, found["id"], state, no_wait=no_wait)
