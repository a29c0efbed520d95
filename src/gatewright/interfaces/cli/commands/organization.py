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
        typer.Option("--signing-algorithm", help="ES256, RS256, PS256 or EdDSA."),
    ] = None,
    key_rotation_days: Annotated[
        int | None,
        typer.Option("--key-rotation-days", help="Replace signing keys that old; 0: by hand."),
    ] = None,
    key_announcement_seconds: Annotated[
        int | None,
        typer.Option("--key-announcement-seconds", help="Publish them so long before they sign."),
    ] = None,
    token_ttl_min: Annotated[
        int | None,
        typer.Option("--token-ttl-min", help="Least lifetime of tokens that may be chosen, in s."),
    ] = None,
    token_ttl_max: Annotated[
        int | None,
        typer.Option("--token-ttl-max", help="Greatest lifetime of a token, in seconds."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Change the organization.

    Tokens that are out stay valid: the keys they were signed with stay published.
    """
    session = open_session(context, data, as_json=as_json)
    given = {
        "name": name,
        "signing_algorithm": signing_algorithm,
        "key_rotation_days": key_rotation_days,
        "key_announcement_seconds": key_announcement_seconds,
        "token_ttl_seconds_min": token_ttl_min,
        "token_ttl_seconds_max": token_ttl_max,
    }
    body = {key: value for key, value in given.items() if value is not None}
    if not body:
        raise usage("there is nothing to change.", "options", "Give --name or the like.")
    _answer(session, session.management.send("PATCH", "/organization", body=body).body)


def _answer(session: Session, found: Any) -> None:
    names = ("handle", "name", "signing_algorithm", "key_rotation_days",
             "key_announcement_seconds", "token_ttl_seconds_min",
             "token_ttl_seconds_max")  # fmt: skip
    rows = [(name, str(found[name])) for name in names]
    session.answer(found, lambda: session.terminal.table(("SETTING", "VALUE"), rows))
