"""`gatewright token` and `revoke`: access tokens of an application."""

import sys
from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.commands.applications import application_path
from gatewright.interfaces.cli.commands.keys import replace_all
from gatewright.interfaces.cli.failure import not_found, usage
from gatewright.interfaces.cli.live import wait_until_revoked
from gatewright.interfaces.cli.options import AppName, Data, Json, Kind, KindOption, NoWait, Yes
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean

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
        str | None,
        typer.Argument(
            metavar="TOKEN", help="The token; - reads it from standard input, hidden from `ps`."
        ),
    ] = None,
    *,
    everything: Annotated[
        bool,
        typer.Option("--everything", help="Every token of the organization, by new signing keys."),
    ] = False,
    app: Annotated[
        str | None, typer.Option("--app", metavar="APP", help="Every token of an application.")
    ] = None,
    kind: Annotated[
        Kind | None, typer.Option("--kind", help="With --app: those of one kind only.")
    ] = None,
    yes: Yes = False,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Revoke an access token, or every token of an application.

    Waits until the gateways refuse them.
    """
    session = open_session(context, data, as_json=as_json)
    if [token is not None, everything, app is not None].count(True) != 1:
        raise usage(
            "is one token, an application or everything.",
            "token",
            "Give TOKEN, --app, or --everything.",
        )
    if kind is not None and app is None:
        raise usage("goes with --app only.", "kind", "A token is of one kind by itself.")
    if everything:
        replace_all(session, None, yes=yes, no_wait=no_wait)
    elif app is not None:
        _revoke_application(session, app, kind, yes=yes, no_wait=no_wait)
    else:
        _revoke_one(session, token or "", no_wait=no_wait)


def _revoke_application(
    session: Session, app: str, kind: Kind | None, *, yes: bool, no_wait: bool
) -> None:
    which = "" if kind is None else f"{kind.value} "
    session.confirm(f"Every {which}token of {app} ends at once.", app, yes=yes)
    body = {} if kind is None else {"kind": kind.value}
    path = f"{application_path(session, app)}/revoke-tokens"
    answer = session.management.post(path, body)
    live = wait_until_revoked(session, answer, no_wait=no_wait)
    result = {**answer.body, "live": live.document}
    live.check(result)
    kinds = " and ".join(answer.body["kinds"])
    done = f"every {kinds} token of {clean(app)} is revoked; {live.words}"
    session.answer(result, lambda: session.terminal.write(done))


def _revoke_one(session: Session, token: str, *, no_wait: bool) -> None:
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
    live = wait_until_revoked(session, answer, no_wait=no_wait)
    result = {"revoked": True, "live": live.document}
    live.check(result)
    session.answer(result, lambda: session.terminal.write(f"revoked; {live.words}"))
