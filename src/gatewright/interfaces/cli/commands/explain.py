"""`gatewright explain`: why a token or key is let in or refused at an operation."""

import sys
from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.failure import exit_code_of, usage
from gatewright.interfaces.cli.options import Data, Environment, Json
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean

TOKEN_CHARACTERS_MAX = 33_000
_MARKS = {"ok": "✓", "refused": "✗", "not reached": "·"}


def explain(
    context: typer.Context,
    token: Annotated[
        str,
        typer.Argument(
            metavar="TOKEN",
            help="A token, API key or test key; - reads it from standard input, hidden from `ps`.",
        ),
    ],
    *,
    api: Annotated[str, typer.Option("--api", metavar="API", help="handle:version, or an id.")],
    operation: Annotated[
        str, typer.Option("--operation", metavar='"METHOD PATH"', help='Such as "GET /books/7".')
    ],
    environment: Environment = None,
    header: Annotated[
        str | None,
        typer.Option("--header", "-H", metavar="NAME", help="The header that the call has it in."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Tell why a token would be let in or refused, step by step.

    Nothing is called, and the token is not shown. Exit code 0 when it is let in, 4 for 401 and
    403, 3 for 404, 5 for 503, else 1.
    """
    text = sys.stdin.read(TOKEN_CHARACTERS_MAX + 1).strip() if token == "-" else token.strip()
    if len(text) > TOKEN_CHARACTERS_MAX:
        raise usage("is too long.", "token", "Give one token or key.")
    asked = {"token": text, "api": api, "operation": operation,
             "environment": environment, "header": header}  # fmt: skip
    session = open_session(context, data, as_json=as_json)
    body = {key: value for key, value in asked.items() if value is not None}
    found = session.management.post("/explain", body).body
    session.answer(found, lambda: _write(session, found))
    if not found["allowed"]:
        raise typer.Exit(exit_code_of(found["status"]))


def _write(session: Session, found: Any) -> None:
    terminal = session.terminal
    width = max(len(step["name"]) for step in found["steps"])
    for step in found["steps"]:
        name = clean(step["name"]).ljust(width)
        reason = clean(step["reason"]) or "not reached"
        terminal.write(f"{_MARKS[step['outcome']]} {name}  {reason}")
        if step["way_out"] and step["outcome"] == "refused":
            terminal.write(f"  {' ' * width}  → {clean(step['way_out'])}")
    if found["allowed"]:
        terminal.say("The gateway lets the call go on to the upstream.")
    else:
        terminal.say(f"The gateway answers {found['status']}, code {clean(found['code'])}.")
