"""`gatewright app client …`: clients of key managers that act for an application."""

from typing import Annotated

import typer

from gatewright.interfaces.cli.client import segment
from gatewright.interfaces.cli.commands.apis import items_of
from gatewright.interfaces.cli.commands.applications import application_path, write_external_clients
from gatewright.interfaces.cli.live import wait_until_live
from gatewright.interfaces.cli.options import AppName, Data, Json, NoWait, Yes
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean


def add(
    context: typer.Context,
    app: AppName,
    *,
    key_manager: Annotated[
        str, typer.Option("--key-manager", metavar="KEY_MANAGER", help="Whose client it is.")
    ],
    client_id: Annotated[
        str, typer.Option("--client-id", metavar="ID", help="As the key manager calls it.")
    ],
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Link a key manager's client to an application.

    Its tokens then call what the application is subscribed to.
    """
    session = open_session(context, data, as_json=as_json)
    path = f"{application_path(session, app)}/external-clients"
    answer = session.management.post(path, {"key_manager": key_manager, "client_id": client_id})
    live = wait_until_live(session, answer.sequence, no_wait=no_wait)
    result = {**answer.body, "live": live.document}
    live.check(result)
    words = f"{clean(client_id)} of {clean(answer.body['key_manager'])} acts for {clean(app)}"
    session.answer(result, lambda: session.terminal.write(f"{words}; {live.words}"))


def list_clients(
    context: typer.Context, app: AppName, *, data: Data = None, as_json: Json = False
) -> None:
    """List the key managers' clients that act for an application."""
    session = open_session(context, data, as_json=as_json)
    found = session.management.get(f"{application_path(session, app)}/external-clients")
    session.answer(found, lambda: write_external_clients(session.terminal, items_of(found)))


def remove(
    context: typer.Context,
    app: AppName,
    client: Annotated[
        str, typer.Argument(metavar="CLIENT", help="The client id, or the link's id.")
    ],
    *,
    yes: Yes = False,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Unlink a client; its tokens open nothing any more."""
    session = open_session(context, data, as_json=as_json)
    session.confirm(f"Tokens of {client} call nothing of {app} any more.", client, yes=yes)
    path = f"{application_path(session, app)}/external-clients/{_link(session, app, client)}"
    answer = session.management.send("DELETE", path)
    live = wait_until_live(session, answer.sequence, no_wait=no_wait)
    result = {"removed": client, "live": live.document}
    live.check(result)
    session.answer(
        result, lambda: session.terminal.write(f"{clean(client)} is unlinked; {live.words}")
    )


def _link(session: Session, app: str, client: str) -> str:
    """As a path's segment; a slash ends one even when encoded, so such an id is looked up."""
    if "/" not in client:
        return segment(client)
    found = session.management.get(f"{application_path(session, app)}/external-clients")
    ids = [item["id"] for item in items_of(found) if item["client_id"] == client]
    return segment(ids[0] if len(ids) == 1 else client)
