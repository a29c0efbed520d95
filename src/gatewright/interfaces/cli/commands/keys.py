"""`gatewright keys …` and `revoke --everything`: the keys that tokens are signed with."""

import time
from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.failure import CommandFailed
from gatewright.interfaces.cli.live import WAIT_SECONDS_MAX
from gatewright.interfaces.cli.options import Data, Json, Kind, NoWait, Yes
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean

_PAUSE_SECONDS = 0.02

KindOnly = Annotated[
    Kind | None,
    typer.Option("--kind", show_default=False, help="Only this issuer's; default: both."),
]


def list_keys(context: typer.Context, *, data: Data = None, as_json: Json = False) -> None:
    """List the signing keys: what comes next, what signs, and what still verifies."""
    session = open_session(context, data, as_json=as_json)
    page = session.management.get("/keys")
    session.answer(page, lambda: _table(session, page["items"]))


def rotate(
    context: typer.Context,
    *,
    kind: KindOnly = None,
    now: Annotated[
        bool,
        typer.Option("--now", help="Sign with it as soon as the gateways have it, and wait."),
    ] = False,
    emergency: Annotated[
        bool,
        typer.Option("--emergency", help="A key has leaked: end every token at once."),
    ] = False,
    yes: Yes = False,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Replace the signing keys; tokens that are out stay valid.

    New keys are announced first, for the organization's time of announcement.
    """
    session = open_session(context, data, as_json=as_json)
    if emergency:
        replace_all(session, kind, yes=yes, no_wait=no_wait)
        return
    body = {**_body(kind), "now": now}
    made = session.management.post("/keys/rotations", body).body["keys"]
    if not now or no_wait:
        session.answer({"keys": made}, lambda: _say_announced(session, made))
        return
    keys = _wait_until_signing(session, made)
    session.answer({"keys": keys}, lambda: _say_signing(session, keys))


def reseal(
    context: typer.Context,
    *,
    discard_lost: Annotated[
        bool,
        typer.Option("--discard-lost", help="Remove keys that no sealing key here opens."),
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Seal the private keys under a new sealing key, while nothing runs.

    A key from GATEWRIGHT_SEALING_KEY or its command: give the new one in
    GATEWRIGHT_NEW_SEALING_KEY.
    """
    session = open_session(context, data, as_json=as_json)
    count = session.hooks.reseal(session.folder.root, discard_lost)
    session.answer(
        {"resealed": count}, lambda: session.terminal.write(f"{count} private keys sealed anew")
    )


def replace_all(session: Session, kind: Kind | None, *, yes: bool, no_wait: bool) -> None:
    """End every token at once, and wait until the new keys sign."""
    whose = kind.value if kind else "every"
    session.confirm(f"Each token of {whose} environment ends at once.", "everything", yes=yes)
    made = session.management.post("/organization/revoke-tokens", _body(kind)).body["keys"]
    if no_wait:
        session.answer({"keys": made}, lambda: _say_announced(session, made))
        return
    keys = _wait_until_signing(session, made)

    def show() -> None:
        session.terminal.write("every token that was out is refused by every connected gateway")
        _say_signing(session, keys)

    session.answer({"keys": keys}, show)


def _body(kind: Kind | None) -> dict[str, object]:
    return {"kind": kind.value} if kind else {}


def _wait_until_signing(session: Session, made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A key signs only when every connected gateway has what was written with it."""
    wanted = {item["id"] for item in made}
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while True:
        items = session.management.get("/keys")["items"]
        found = [dict(item) for item in items if item["id"] in wanted]
        if found and len(found) == len(wanted) and all(map(_signs, found)):
            session.terminal.progress("")
            return found
        if len(found) < len(wanted) or time.monotonic() >= deadline:
            raise CommandFailed(
                "announced, and not signing yet: "
                + ("another rotation took its place." if len(found) < len(wanted) else _LATE),
                "keys",
                "Run `gatewright keys list` and `gatewright status`.",
                "not-live",
                extra={"keys": found},
            )
        session.terminal.progress("waiting until the gateways have the new keys")
        time.sleep(_PAUSE_SECONDS)


_LATE = f"no word from a gateway within {WAIT_SECONDS_MAX:.0f} seconds."


def _signs(item: dict[str, Any]) -> bool:
    return bool(item["state"] != "announced")


def _table(session: Session, items: list[dict[str, Any]]) -> None:
    rows = [
        (item["kind"], item["state"], item["algorithm"], item["id"], item["backend"], _when(item))
        for item in items
    ]
    session.terminal.table(("KIND", "STATE", "ALGORITHM", "KID", "HELD BY", "WHEN"), rows)


def _when(item: dict[str, Any]) -> str:
    if item["state"] == "announced":
        return f"signs from {item['activates_at']}"
    if item["state"] == "retired":
        return f"removed at {item['removes_at']}"
    return f"signs since {item['activates_at'] or item['created_at']}"


def _say_announced(session: Session, made: list[dict[str, Any]]) -> None:
    for item in made:
        session.terminal.write(
            f"{clean(item['kind'])}: {clean(item['id'])} is announced,"
            f" and signs from {clean(str(item['activates_at']))}"
        )


def _say_signing(session: Session, keys: list[dict[str, Any]]) -> None:
    for item in keys:
        session.terminal.write(
            f"{clean(item['kind'])}: {clean(item['id'])} signs ({clean(item['algorithm'])});"
            " every connected gateway has it"
        )
