"""`gatewright token` and `revoke`: access tokens of an application."""

import sys
from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.commands.applications import application_path
from gatewright.interfaces.cli.failure import not_found, usage
from gatewright.interfaces.cli.live import wait_until_live
from gatewright.interfaces.cli.options import AppName, Data, Json, Kind, KindOption, NoWait
from gatewright.interfaces.cli.session import Session, open_session

TOKEN_CHARACTERS_MAX = 16_384
Scope = Annotated[
    str | None,
    typer.Option("--scope", help='Scopes separated by blanks; default: all it can get.'),
]  # fmt: skip


def token(
    context: typer.Context,
    app: AppName,
    *,
    scope: Scope = None,
    kind: KindOption = Kind.PRODUCTION,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Print a fresh access token, and nothing else.

    It is one of the application's, with its lifetime and scopes.
    """
    session = open_session(context, data, as_json=as_json)
    issued = issue(session, app, kind, scope)
    session.answer(issued, lambda: session.terminal.write(issued["access_token"]))


def issue(session: Session, app: str, kind: Kind, scope: str | None) -> dict[str, Any]:
    """A fresh token response."""
    body: dict[str, object] = {"kind": kind.value}
    if scope is not None:
        body["scope"] = scope
    path = application_path(session, app)
    return dict(session.management.post(f"{path}/tokens", body).body)


def revoke(
    context: typer.Context,
    token: Annotated[
        str,
        typer.Argument(
            metavar="TOKEN", help="The token; - reads it from standard input, hidden from `ps`."
        ),
    ],
    *,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Revoke an access token.

    Waits until the gateways refuse it.
    """
    session = open_session(context, data, as_json=as_json)
    text = sys.stdin.read(TOKEN_CHARACTERS_MAX + 1).strip() if token == "-" else token.strip()
    if not text or len(text) > TOKEN_CHARACTERS_MAX:
        raise usage("is no access token.", "token", "Give what `gatewright token APP` printed.")
    answer = session.management.post("/token-revocations", {"token": text})
    if not answer.body["revoked"]:
        raise not_found(
            "is no living token of this organization.",
            "token",
            "Check that it is whole; an expired one needs no revocation.",
        )
    live = wait_until_live(session, answer.sequence, no_wait=no_wait)
    result = {"revoked": True, "live": live.document}
    live.check(result)
    session.answer(result, lambda: session.terminal.write(f"revoked; {live.words}"))
