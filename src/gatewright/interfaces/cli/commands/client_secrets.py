"""`gatewright app secret …` and `app revoke-tokens`: several secrets, so that one may change."""

from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import segment
from gatewright.interfaces.cli.commands.applications import (
    application_path,
    credential_of,
    write_inventory,
)
from gatewright.interfaces.cli.failure import not_found
from gatewright.interfaces.cli.lengths import seconds_of
from gatewright.interfaces.cli.live import wait_until_revoked
from gatewright.interfaces.cli.options import AppName, Data, Json, Kind, KindOption, NoWait, Yes
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean

SecretName = Annotated[str, typer.Option("--name", help="A name to tell it apart.")]
ExpiresInDays = Annotated[
    int | None, typer.Option("--expires-in-days", min=1, max=3650, help="Default: never.")
]
Overlap = Annotated[
    str,
    typer.Option(
        "--overlap",
        metavar="LENGTH",
        help="How long the old secrets stay valid, such as 30m, 24h, 7d; 0 ends them at once.",
    ),
]


def list_secrets(
    context: typer.Context,
    app: AppName,
    *,
    kind: KindOption = Kind.PRODUCTION,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List the secrets, by their hints."""
    session = open_session(context, data, as_json=as_json)
    credential = _credential(session, application_path(session, app), app, kind)
    session.answer(credential, lambda: write_inventory(session.terminal, credential))


def add(
    context: typer.Context,
    app: AppName,
    *,
    kind: KindOption = Kind.PRODUCTION,
    name: SecretName = "added by the command line",
    expires_in_days: ExpiresInDays = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Add a secret, shown once.

    The others stay valid.
    """
    session = open_session(context, data, as_json=as_json)
    path = f"{application_path(session, app)}/credentials/{kind.value}"
    found = _add(session, path, name, expires_in_days)
    session.answer(found, lambda: _write(session, app, kind, found))


def rotate(
    context: typer.Context,
    app: AppName,
    *,
    kind: KindOption = Kind.PRODUCTION,
    name: SecretName = "rotated",
    overlap: Overlap = "24h",
    expires_in_days: ExpiresInDays = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a new secret, shown once.

    The old ones stay valid for the overlap, so that programs can change over.
    """
    body: dict[str, object] = {"name": name, "overlap_seconds": seconds_of(overlap, "--overlap")}
    if expires_in_days is not None:
        body["expires_in_days"] = expires_in_days
    session = open_session(context, data, as_json=as_json)
    path = f"{application_path(session, app)}/credentials/{kind.value}/secrets/rotations"
    found = dict(session.management.post(path, body).body)

    def show() -> None:
        _write(session, app, kind, found)
        _say_retiring(session, app, kind, found["retiring"])

    session.answer(found, show)


def revoke(
    context: typer.Context,
    app: AppName,
    secret: Annotated[str, typer.Argument(metavar="ID", help="A secret's id, never itself.")],
    *,
    kind: KindOption = Kind.PRODUCTION,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Revoke a secret.

    Tokens got with it live on until they expire.
    """
    session = open_session(context, data, as_json=as_json)
    path = f"{application_path(session, app)}/credentials/{kind.value}"
    session.management.send("DELETE", f"{path}/secrets/{segment(secret)}")
    result = {"revoked": secret}
    session.answer(result, lambda: session.terminal.write(f"{clean(secret)} is revoked"))


def revoke_tokens(
    context: typer.Context,
    app: AppName,
    *,
    kind: KindOption = Kind.PRODUCTION,
    yes: Yes = False,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Revoke every token of an application.

    It may get new ones with its secrets.
    """
    session = open_session(context, data, as_json=as_json)
    path = f"{application_path(session, app)}/credentials/{kind.value}"
    session.confirm(f"Every {kind.value} token of {app} ends at once.", app, yes=yes)
    answer = session.management.post(f"{path}/revoke-tokens")
    live = wait_until_revoked(session, answer, no_wait=no_wait)
    result = {"credential": answer.body, "live": live.document}
    live.check(result)
    done = f"every {kind.value} token of {clean(app)} is revoked; {live.words}"
    session.answer(result, lambda: session.terminal.write(done))


def _add(session: Session, path: str, name: str, days: int | None) -> dict[str, Any]:
    body: dict[str, object] = {"name": name}
    if days is not None:
        body["expires_in_days"] = days
    return dict(session.management.post(f"{path}/secrets", body).body)


def _credential(session: Session, path: str, app: str, kind: Kind) -> dict[str, Any]:
    found = credential_of(session, path, kind)
    if found is None:
        raise not_found(
            f"{app} has no {kind.value} keys.",
            "kind",
            f"Run `gatewright app keys {app} --kind {kind.value}`.",
        )
    return found


def _write(session: Session, app: str, kind: Kind, found: dict[str, Any]) -> None:
    session.terminal.say(f"A new {kind.value} secret of {clean(app)}, shown this once: keep it.")
    session.terminal.pairs(
        [
            ("client_secret", found["client_secret"]),
            ("name", found["name"]),
            ("id", found["id"]),
            ("expires", found["expires_at"] or "never"),
        ]
    )


def _say_retiring(session: Session, app: str, kind: Kind, old: list[dict[str, Any]]) -> None:
    if not any(item["usable"] for item in old):
        session.terminal.say("No older secret works any more.")
        return
    session.terminal.say("Older secrets work until:")
    for item in old:
        last = item["last_used_at"] or "never"
        words = f"{item['expires_at']}  {item['hint']}  {item['name']}  (last used: {last})"
        session.terminal.say(f"  {clean(words)}")
    session.terminal.next_step("app", "secret", "list", app, "--kind", kind.value)
