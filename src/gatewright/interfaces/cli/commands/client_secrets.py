"""`gatewright app secret …` and `app revoke-tokens`: several secrets, so that one may change."""

from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import segment
from gatewright.interfaces.cli.commands.applications import (
    application_path,
    credential_of,
    write_inventory,
)
from gatewright.interfaces.cli.failure import CommandFailed, not_found
from gatewright.interfaces.cli.live import wait_until_live
from gatewright.interfaces.cli.options import AppName, Data, Json, Kind, KindOption, NoWait, Yes
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean

SecretName = Annotated[str, typer.Option("--name", help="A name to tell it apart.")]
ExpiresInDays = Annotated[
    int | None, typer.Option("--expires-in-days", min=1, max=3650, help="Default: never.")
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
    expires_in_days: ExpiresInDays = None,
    revoke_old: Annotated[
        bool, typer.Option("--revoke-old", help="Revoke the others at once.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a new secret, shown once.

    The old ones stay valid until you revoke them.
    """
    session = open_session(context, data, as_json=as_json)
    application = application_path(session, app)
    path = f"{application}/credentials/{kind.value}"
    before = _credential(session, application, app, kind)
    old = [item["id"] for item in before["secrets"] if item["usable"]]
    found = _add(session, path, name, expires_in_days)
    if not session.terminal.as_json:
        _write(session, app, kind, found)
    # A secret is shown once: it must reach the caller even when revoking an old one fails.
    result = {**found, "revoked": []}
    try:
        for id in old if revoke_old else []:
            session.management.send("DELETE", f"{path}/secrets/{segment(id)}")
            result["revoked"].append(id)
    except CommandFailed as error:
        error.extra = result
        raise
    session.answer(result, lambda: _say_old(session, app, kind, old, revoked=revoke_old))


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
    live = wait_until_live(session, answer.sequence, no_wait=no_wait)
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


def _say_old(session: Session, app: str, kind: Kind, old: list[str], *, revoked: bool) -> None:
    if revoked:
        session.terminal.say(f"revoked: {', '.join(map(clean, old)) or 'none'}")
        return
    session.terminal.say("The old ones still work; when nobody uses them any more:")
    for id in old:
        session.terminal.next_step("app", "secret", "revoke", app, id, "--kind", kind.value)
