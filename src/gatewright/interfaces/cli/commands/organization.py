"""`gatewright org`: the organization's name, and what its tokens are signed with."""

from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.failure import usage
from gatewright.interfaces.cli.options import Data, Json
from gatewright.interfaces.cli.session import Session, open_session


def show(context: typer.Context, *, data: Data = None, as_json: Json = False) -> None:
    """Show the organization."""
    session = open_session(context, data, as_json=as_json)
    _answer(session, session.management.get("/organization"))


def change(
    context: typer.Context,
    *,
    name: Annotated[str | None, typer.Option("--name", help="A new display name.")] = None,
    signing_algorithm: Annotated[
        str | None,
        typer.Option("--signing-algorithm", help="For new tokens: ES256, RS256 or EdDSA."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Change the organization.

    Tokens that are out stay valid: the keys they were signed with stay published.
    """
    session = open_session(context, data, as_json=as_json)
    given = {"name": name, "signing_algorithm": signing_algorithm}
    body = {key: value for key, value in given.items() if value is not None}
    if not body:
        raise usage("there is nothing to change.", "options", "Give --name or the like.")
    _answer(session, session.management.send("PATCH", "/organization", body=body).body)


def _answer(session: Session, found: Any) -> None:
    rows = [(key, str(found[key])) for key in ("handle", "name", "signing_algorithm")]
    session.answer(found, lambda: session.terminal.table(("SETTING", "VALUE"), rows))
