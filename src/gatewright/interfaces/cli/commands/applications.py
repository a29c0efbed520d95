"""`gatewright app …`: consumers' programs and their keys."""

from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import segment
from gatewright.interfaces.cli.commands.apis import items_of
from gatewright.interfaces.cli.failure import CommandFailed, not_found
from gatewright.interfaces.cli.live import wait_until_live
from gatewright.interfaces.cli.options import AppName, Data, Json, Kind, KindOption, Limit, Yes
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import Terminal, clean, clean_lines

_APPLICATIONS_MAX = 100_000


def application_path(session: Session, name: str) -> str:
    """The path of an application. A slash ends a path's segment even when it is encoded, so a
    name with one is looked up in the list. Raises CommandFailed (not found)."""
    if "/" not in name:
        return f"/applications/{segment(name)}"
    page = session.management.items("/applications", {}, _APPLICATIONS_MAX)
    for item in page["items"]:
        if item["name"] == name:
            return f"/applications/{segment(item['id'])}"
    raise not_found(
        f"there is no application {name!r}.", "application", "See `gatewright app list`."
    )


def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for people.")],
    *,
    handle: Annotated[str | None, typer.Option("--handle", help="Its name in commands.")] = None,
    description: Annotated[str, typer.Option("--description", help="What it is for.")] = "",
    scopes: Annotated[
        list[str] | None,
        typer.Option("--allow-scope", help="Allow this scope only; may be given several times."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Create an application."""
    session = open_session(context, data, as_json=as_json)
    body: dict[str, object] = {"name": name, "description": description}
    if handle is not None:
        body["handle"] = handle
    if scopes:
        body["allowed_scopes"] = scopes
    found = session.management.post("/applications", body).body

    def show() -> None:
        session.terminal.write(f"{clean(found['name'])} is created as {clean(found['handle'])}")
        session.terminal.next_step("app", "keys", found["handle"])

    session.answer(found, show)


def list_applications(
    context: typer.Context, *, limit: Limit = 1000, data: Data = None, as_json: Json = False
) -> None:
    """List the applications."""
    session = open_session(context, data, as_json=as_json)
    page = session.management.items("/applications", {}, limit)

    def show() -> None:
        session.terminal.table(
            ("APP", "NAME", "STATE", "SCOPES", "CREATED"),
            [
                (
                    item["handle"],
                    item["name"],
                    "blocked" if item["blocked"] else "active",
                    _scopes(item),
                    item["created_at"],
                )
                for item in page["items"]
            ],
        )
        if page["next_cursor"]:
            session.terminal.say(f"There are more than {limit}; see --limit.")
        if not page["items"]:
            session.terminal.next_step("app", "create", "NAME")

    session.answer(page, show)


def show_application(
    context: typer.Context, app: AppName, *, data: Data = None, as_json: Json = False
) -> None:
    """Show an application whole."""
    session = open_session(context, data, as_json=as_json)
    path = application_path(session, app)
    found = session.management.get(path)
    credentials = items_of(session.management.get(f"{path}/credentials"))
    clients = items_of(session.management.get(f"{path}/external-clients"))
    subscriptions = session.management.items("/subscriptions", {"application": found["id"]}, 1000)
    result = {
        "application": found,
        "credentials": credentials,
        "external_clients": clients,
        "subscriptions": subscriptions["items"],
    }

    def show() -> None:
        session.terminal.pairs(
            [
                ("application", found["handle"]),
                ("id", found["id"]),
                ("name", found["name"]),
                ("state", "blocked" if found["blocked"] else "active"),
                ("scopes", _scopes(found)),
            ]
        )
        for credential in credentials:
            session.terminal.write()
            write_inventory(session.terminal, credential)
        if clients:
            session.terminal.write()
            write_external_clients(session.terminal, clients)
        if subscriptions["items"]:
            session.terminal.write()
            write_subscriptions(session.terminal, subscriptions["items"])

    session.answer(result, show)


def delete(
    context: typer.Context,
    app: AppName,
    *,
    yes: Yes = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Delete an application.

    Its keys and subscriptions go with it; its tokens end at once.
    """
    session = open_session(context, data, as_json=as_json)
    path = application_path(session, app)
    found = session.management.get(path)
    handle = found["handle"]
    question = f"{found['name']}, its keys and its subscriptions will be gone for good."
    session.confirm(question, handle, yes=yes)
    answer = session.management.send("DELETE", f"/applications/{segment(found['id'])}")
    live = wait_until_live(session, answer.sequence, no_wait=False)
    result = {"deleted": found["id"], "handle": handle, "live": live.document}
    live.check(result)
    session.answer(
        result, lambda: session.terminal.write(f"{clean(handle)} is deleted; {live.words}")
    )


def keys(
    context: typer.Context,
    app: AppName,
    *,
    kind: KindOption = Kind.PRODUCTION,
    ttl: Annotated[
        int | None,
        typer.Option("--token-ttl", min=60, max=86_400, help="Lifetime of its tokens in seconds."),
    ] = None,
    no_secret: Annotated[
        bool, typer.Option("--no-secret", help="Make no secret: a key or workload is added next.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make an application's keys.

    They are client_id, client_secret (shown once) and where to use them. When there are keys
    already, none is made: they are listed without secrets, and the exit code is 1.
    """
    session = open_session(context, data, as_json=as_json)
    path = application_path(session, app)
    body: dict[str, object] = {"kind": kind.value}
    if ttl is not None:
        body["token_ttl_seconds"] = ttl
    if no_secret:
        body["with_secret"] = False
    try:
        found = session.management.post(f"{path}/credentials", body).body
    except CommandFailed as error:
        if error.code != "conflict":
            raise
        raise _already(session, path, app, kind, error) from None
    session.answer(found, lambda: _write_keys(session, app, found))


def write_inventory(terminal: Terminal, credential: dict[str, Any]) -> None:
    """A credential's secrets, told apart without showing them."""
    terminal.pairs(
        [
            ("kind", credential["kind"]),
            ("client_id", credential["client_id"]),
            ("token lifetime", f"{credential['token_ttl_seconds']} s"),
        ]
    )
    terminal.table(
        ("SECRET", "NAME", "ID", "CREATED", "EXPIRES", "LAST USED", "USABLE"),
        [
            (
                item["hint"],
                item["name"],
                item["id"],
                item["created_at"],
                item["expires_at"] or "never",
                item["last_used_at"] or "never",
                usability(item),
            )
            for item in credential["secrets"]
        ],
    )


def write_external_clients(terminal: Terminal, items: list[dict[str, Any]]) -> None:
    """Linked clients of key managers as lines."""
    terminal.table(
        ("CLIENT", "KEY MANAGER", "ID", "LINKED", "TAKEN"),
        [
            (
                item["client_id"],
                item["key_manager"],
                item["id"],
                item["created_at"],
                "yes" if item["enabled"] else "no",
            )
            for item in items
        ],
    )


def usability(item: dict[str, Any]) -> str:
    """Whether a secret or an authenticator works, and whether that ends soon."""
    if not item["usable"]:
        return "no"
    return "yes, expires soon" if item["expires_soon"] else "yes"


def write_subscriptions(terminal: Terminal, items: list[dict[str, Any]]) -> None:
    """Subscriptions as lines."""
    terminal.table(
        ("APP", "API", "PLAN", "STATE"),
        [
            (
                item["application"],
                f"{item['api_handle']} v{item['api_major']}",
                item["plan"],
                f"rejected: {item['rejection']}" if item["rejection"] else item["state"],
            )
            for item in items
        ],
    )


def credential_of(session: Session, path: str, kind: Kind) -> dict[str, Any] | None:
    """The application's credential of that kind, or None."""
    found = items_of(session.management.get(f"{path}/credentials"))
    return next((item for item in found if item["kind"] == kind.value), None)


def _already(
    session: Session, path: str, app: str, kind: Kind, error: CommandFailed
) -> CommandFailed:
    """The conflict, with what is there already and how to get another secret."""
    credential = credential_of(session, path, kind)
    if credential is None:
        return error
    if not session.terminal.as_json:
        write_inventory(session.terminal, credential)
    return CommandFailed(
        f"{app} has {kind.value} keys already; a secret is shown once, when it is made.",
        "kind",
        f"For another secret: gatewright app secret add {app} --kind {kind.value}",
        error.code,
        extra={"credential": credential},
    )


def _write_keys(session: Session, app: str, found: dict[str, Any]) -> None:
    terminal, connection = session.terminal, found["connection"]
    terminal.say(f"Keys of {clean(app)} for {clean(found['kind'])}.")
    secret = found["client_secret"]
    if secret:
        terminal.say("client_secret is shown this once: keep it now.")
    terminal.pairs(
        [
            ("client_id", found["client_id"]),
            *([("client_secret", secret)] if secret else []),
            *((name, url) for name, url in connection.items() if name != "curl"),
        ]
    )
    if not secret:
        terminal.next_step("app", "auth", "trust", app, "--kind", found["kind"], "--help")
        return
    terminal.write()
    terminal.write(clean_lines(connection["curl"]))
    terminal.next_step("token", app)


def _scopes(application: dict[str, Any]) -> str:
    allowed = application["allowed_scopes"]
    return "all" if allowed is None else ", ".join(allowed) or "none"
