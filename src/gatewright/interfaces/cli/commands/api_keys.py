"""`gatewright app key …` and `api-keys …`: keys that an application sends in place of a token."""

from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import segment
from gatewright.interfaces.cli.commands.applications import application_path
from gatewright.interfaces.cli.lengths import seconds_of
from gatewright.interfaces.cli.live import wait_until_revoked
from gatewright.interfaces.cli.options import AppName, Data, Json, Kind, KindOption, NoWait, Yes
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.shown_once import show_then_wait
from gatewright.interfaces.cli.terminal import clean

KeyName = Annotated[
    str, typer.Argument(metavar="KEY", help="An API key's id or name, never itself.")
]
ExpiresInDays = Annotated[
    int | None,
    typer.Option(
        "--expires-in-days", min=1, max=3650, show_default=False, help="How long it lives."
    ),
]


def create(
    context: typer.Context,
    app: AppName,
    *,
    kind: KindOption = Kind.PRODUCTION,
    name: Annotated[str, typer.Option("--name", help="A name to tell it apart.")] = "key",
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", help="Only this scope; may be given several times."),
    ] = None,
    expires_in_days: ExpiresInDays = None,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make an API key, shown once.

    Without --scope it holds every scope that the application may have, without
    --expires-in-days it lives until it is revoked.
    """
    session = open_session(context, data, as_json=as_json)
    body: dict[str, object] = {"kind": kind.value, "name": name}
    if scopes:
        body["scopes"] = scopes
    if expires_in_days is not None:
        body["expires_in_days"] = expires_in_days
    answer = session.management.post(f"{application_path(session, app)}/api-keys", body)
    show_then_wait(session, answer, lambda: _write(session, app, answer.body), no_wait=no_wait)


def list_keys(
    context: typer.Context, app: AppName, *, data: Data = None, as_json: Json = False
) -> None:
    """List an application's API keys, by their hints."""
    session = open_session(context, data, as_json=as_json)
    page = session.management.get(f"{application_path(session, app)}/api-keys")

    def show() -> None:
        heads = ("KEY", "NAME", "ID", "KIND", "SCOPES", "CREATED", "EXPIRES", "STATE")
        session.terminal.table(heads, [_row(item) for item in page["items"]])
        if not page["items"]:
            session.terminal.next_step("app", "key", "create", app)

    session.answer(page, show)


def regenerate(
    context: typer.Context,
    app: AppName,
    key: KeyName,
    *,
    overlap: Annotated[
        str,
        typer.Option(
            "--overlap",
            metavar="LENGTH",
            help="How long the old key stays valid, such as 30m, 24h, 7d; 0 ends it at once.",
        ),
    ] = "0",
    expires_in_days: ExpiresInDays = None,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a new API key, shown once, in the place of one.

    It has the same name, kind and scopes, and lives as long as the old one did.
    """
    body: dict[str, object] = {"overlap_seconds": seconds_of(overlap, "--overlap")}
    if expires_in_days is not None:
        body["expires_in_days"] = expires_in_days
    session = open_session(context, data, as_json=as_json)
    path = f"{application_path(session, app)}/api-keys/{segment(key)}/regenerate"
    answer = session.management.post(path, body)
    live = show_then_wait(
        session, answer, lambda: _write(session, app, answer.body), no_wait=no_wait
    )
    if not as_json:
        old = answer.body["old"]
        until = f"works until {old['expires_at']}" if old["state"] == "active" else "has ended"
        session.terminal.say(f"The old one, {clean(old['hint'])}, {clean(until)}; {live.words}")


def revoke(
    context: typer.Context,
    app: AppName,
    key: KeyName,
    *,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Revoke an API key; it is refused from then on."""
    session = open_session(context, data, as_json=as_json)
    path = f"{application_path(session, app)}/api-keys/{segment(key)}/revoke"
    answer = session.management.post(path)
    live = wait_until_revoked(session, answer, no_wait=no_wait)
    result = {"key": answer.body, "live": live.document}
    live.check(result)
    done = f"{clean(answer.body['id'])} is revoked; {live.words}"
    session.answer(result, lambda: session.terminal.write(done))


def rotate_signer(
    context: typer.Context,
    *,
    kind: Annotated[Kind, typer.Option("--kind", show_default=False, help="Whose keys end.")],
    yes: Yes = False,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Replace what signs API keys, and end every one of that kind.

    For a signer that may have leaked. Test keys of that kind end too; access tokens stay.
    """
    session = open_session(context, data, as_json=as_json)
    question = f"Every API key and test key of {kind.value} environments ends at once."
    session.confirm(question, kind.value, yes=yes)
    answer = session.management.post("/api-keys/rotate-signer", {"kind": kind.value})
    live = wait_until_revoked(session, answer, no_wait=no_wait)
    result = {"signer": answer.body, "live": live.document}
    live.check(result)
    count = answer.body["ended"]
    done = f"{count} API keys of {kind.value}, and all its test keys, have ended; {live.words}"
    session.answer(result, lambda: session.terminal.write(done))


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    state = "active, expires soon" if item["expires_soon"] else item["state"]
    expires = item["expires_at"] or "never"
    return (item["hint"], item["name"], item["id"], item["kind"], _scopes(item),
            item["created_at"], expires, state)  # fmt: skip


def _scopes(item: dict[str, Any]) -> str:
    return "all" if item["scopes"] is None else " ".join(item["scopes"]) or "none"


def _write(session: Session, app: str, found: dict[str, Any]) -> None:
    session.terminal.say(
        f"A new {clean(found['kind'])} API key of {clean(app)}, shown this once: keep it, and send"
        f" it in the header {clean(found['header'])}."
    )
    session.terminal.pairs(
        [
            ("api_key", found["key"]),
            ("name", found["name"]),
            ("id", found["id"]),
            ("scopes", _scopes(found)),
            ("expires", found["expires_at"] or "never"),
        ]
    )
