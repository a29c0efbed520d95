"""`gatewright login` and `logout`: a sign-in link's code becomes a token kept for this user."""

import os
import socket
import sys
from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import Management, segment
from gatewright.interfaces.cli.connection import Connection, logins_of, management_url
from gatewright.interfaces.cli.failure import CommandFailed, ExitCode, usage
from gatewright.interfaces.cli.options import Data, Json
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean

_CODE_CHARACTERS_MAX = 200


def login(
    context: typer.Context,
    url: Annotated[
        str,
        typer.Argument(metavar="URL", help="An installation's URL, or a whole sign-in link."),
    ],
    *,
    code: Annotated[
        str | None,
        typer.Option("--code", help="The sign-in code; - reads it from standard input."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Sign in with a single-use link.

    The token that it gives is kept in your configuration folder, mode 0600.
    """
    session = open_session(context, None, as_json=as_json)
    base, _, linked = url.partition("/welcome/")
    target = management_url(base)
    told = _exchange(session, target, _code(session, code or linked))
    logins = logins_of(os.environ)
    logins.keep(target, told["token"])
    user = told["user"]
    result = {
        "url": target,
        "user": user,
        "expires_at": told["expires_at"],
        "kept_in": str(logins.path),
    }

    def show() -> None:
        session.terminal.write(f"signed in to {clean(target)} as {clean(user['handle'])}")
        session.terminal.say(f"token kept in {logins.path}, valid until {told['expires_at']}")
        session.terminal.next_step("status")

    session.answer(result, show)


def logout(
    context: typer.Context,
    url: Annotated[str | None, typer.Argument(metavar="URL", help="Default: the last.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Forget the token kept for an installation."""
    session = open_session(context, None, as_json=as_json)
    logins = logins_of(os.environ)
    target = management_url(url) if url else logins.current()
    if target is None or not logins.forget(target):
        raise usage("there is no login to forget.", "url", "Nothing needs to be done.")
    result = {"forgotten": target}
    session.answer(result, lambda: session.terminal.write(f"forgot the token for {clean(target)}"))


def login_link(
    context: typer.Context,
    member: Annotated[str | None, typer.Argument(metavar="MEMBER", help="Default: you.")] = None,
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a single-use link that signs a member in to the console, good for 30 minutes."""
    session = open_session(context, data, as_json=as_json)
    who = member or session.management.get("/me")["user"]["handle"]
    told = session.management.post(f"/members/{segment(who)}/sign-in-links").body

    def show() -> None:
        session.terminal.write(told["url"])
        session.terminal.say(f"single use, until {told['expires_at']}")

    session.answer(told, show)


def _exchange(session: Session, url: str, code: str) -> dict[str, Any]:
    """The session that the code opens. Raises CommandFailed; a spent link is denied."""
    connection = Connection(url, None, "login")
    hooks = session.hooks
    management = Management(connection, hooks.version, hooks.world, session.transport)
    name = f"gatewright on {socket.gethostname()}"[:100]
    try:
        return dict(management.post("/sessions", {"code": code, "as": "token", "name": name}).body)
    except CommandFailed as error:
        if error.exit_code is ExitCode.DENIED:
            error.way_out = "A link works once, for 30 minutes: ask for a new one."
        raise
    finally:
        management.close()


def _code(session: Session, code: str) -> str:
    if code == "-":
        code = sys.stdin.read(_CODE_CHARACTERS_MAX + 1)
    elif not code and session.terminal.can_ask:
        code = typer.prompt("Sign-in code", hide_input=True, err=True)
    code = code.strip().rpartition("/")[2]
    if not code or len(code) > _CODE_CHARACTERS_MAX:
        raise usage(
            "a sign-in code is needed.",
            "--code",
            "Give the whole link, or --code - and pipe it in.",
        )
    return code
