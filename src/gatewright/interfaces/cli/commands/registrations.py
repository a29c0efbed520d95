"""`gatewright registration …`: whether clients may register themselves, and who lets them."""

from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import segment
from gatewright.interfaces.cli.options import Data, Json, Kind, KindOption, Limit
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean

_TOKENS = "/registration/tokens"


def show(context: typer.Context, *, data: Data = None, as_json: Json = False) -> None:
    """Show whether clients may register themselves, and where."""
    session = open_session(context, data, as_json=as_json)
    _answer(session, session.management.get("/registration"))


def enable(context: typer.Context, *, data: Data = None, as_json: Json = False) -> None:
    """Let clients register themselves, with an initial access token."""
    _turn(open_session(context, data, as_json=as_json), enabled=True)


def disable(context: typer.Context, *, data: Data = None, as_json: Json = False) -> None:
    """Let no client register itself any more.

    Those that did keep getting tokens; to end one, delete its application.
    """
    _turn(open_session(context, data, as_json=as_json), enabled=False)


def clients(
    context: typer.Context, *, limit: Limit = 1000, data: Data = None, as_json: Json = False
) -> None:
    """List the clients that registered themselves."""
    session = open_session(context, data, as_json=as_json)
    page = session.management.items("/registration/clients", {}, limit)
    rows = [
        (
            item["client_id"],
            item["metadata"].get("client_name", ""),
            item["metadata"]["token_endpoint_auth_method"],
            item["application_id"],
            item["created_at"],
        )
        for item in page["items"]
    ]
    heads = ("CLIENT", "NAME", "METHOD", "APPLICATION", "REGISTERED")
    session.answer(page, lambda: session.terminal.table(heads, rows))


def create_token(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Option("--name", help="A name to tell it apart.")] = "initial",
    kind: KindOption = Kind.PRODUCTION,
    uses: Annotated[
        int, typer.Option("--uses", min=0, max=100_000, help="Registrations; 0 has no end.")
    ] = 1,
    expires_in_days: Annotated[
        int, typer.Option("--expires-in-days", min=0, max=3650, help="0 is never.")
    ] = 30,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make an initial access token, shown once.

    What registers with it becomes your application.
    """
    session = open_session(context, data, as_json=as_json)
    body = {
        "name": name,
        "kind": kind.value,
        "uses": uses or None,
        "expires_in_days": expires_in_days or None,
    }
    found = session.management.post(_TOKENS, body).body
    where = session.management.get("/registration")
    session.answer(found, lambda: _write_token(session, found, where))


def list_tokens(
    context: typer.Context, *, limit: Limit = 1000, data: Data = None, as_json: Json = False
) -> None:
    """List the initial access tokens, by their hints."""
    session = open_session(context, data, as_json=as_json)
    page = session.management.items(_TOKENS, {}, limit)
    rows = [
        (
            item["id"],
            item["name"],
            item["kind"],
            item["hint"],
            "no end" if item["uses_left"] is None else item["uses_left"],
            item["expires_at"] or "never",
            "yes" if item["usable"] else "no",
        )
        for item in page["items"]
    ]
    heads = ("ID", "NAME", "KIND", "HINT", "USES LEFT", "EXPIRES", "USABLE")
    session.answer(page, lambda: session.terminal.table(heads, rows))


def revoke_token(
    context: typer.Context,
    token: Annotated[str, typer.Argument(metavar="ID", help="A token's id, never itself.")],
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Revoke an initial access token.

    Clients that registered with it stay.
    """
    session = open_session(context, data, as_json=as_json)
    session.management.send("DELETE", f"{_TOKENS}/{segment(token)}")
    result = {"revoked": token}
    session.answer(result, lambda: session.terminal.write(f"{clean(token)} is revoked"))


def _turn(session: Session, *, enabled: bool) -> None:
    body = {"enabled": enabled}
    _answer(session, session.management.send("PATCH", "/registration", body=body).body)


def _answer(session: Session, found: Any) -> None:
    def write() -> None:
        session.terminal.write("on" if found["enabled"] else "off")
        if found["enabled"]:
            session.terminal.pairs(sorted(found["endpoints"].items()))

    session.answer(found, write)


def _write_token(session: Session, found: Any, where: Any) -> None:
    terminal = session.terminal
    terminal.say("The token is shown this once: keep it now.")
    terminal.pairs([("token", found["token"]), ("endpoint", where["endpoints"][found["kind"]])])
    if not where["enabled"]:
        terminal.say("Clients can not register themselves yet.")
        terminal.next_step("registration", "enable")
