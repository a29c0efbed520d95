"""`gatewright api access`, `api secure` and `api test-key`: who may call an API, and how."""

from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import segment
from gatewright.interfaces.cli.commands.apis import access_pairs, needs, write_warnings
from gatewright.interfaces.cli.failure import usage
from gatewright.interfaces.cli.options import ApiName, Data, Environment, Json, NoWait
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.shown_once import show_then_wait
from gatewright.interfaces.cli.terminal import clean

TokenHeader = Annotated[
    str | None,
    typer.Option("--token-header", metavar="NAME", help="Where callers send their token."),
]
Subscription = Annotated[
    bool | None,
    typer.Option(
        "--subscription/--no-subscription",
        show_default=False,
        help="Whether an application must subscribe to call it.",
    ),
]
ApiKeys = Annotated[
    bool | None,
    typer.Option(
        "--api-keys/--no-api-keys",
        show_default=False,
        help="Whether API keys are taken where their scopes suffice.",
    ),
]
KeyManagers = Annotated[
    list[str] | None,
    typer.Option(
        "--key-manager",
        metavar="HANDLE",
        help="Take tokens of this one only, sts being the built-in one; may be repeated.",
    ),
]
EveryKeyManager = Annotated[
    bool, typer.Option("--every-key-manager", help="Take the tokens of all key managers.")
]

OperationName = Annotated[
    str,
    typer.Argument(metavar='"GET /books"', help="Method and path as the API declares; * is all."),
]


def access(
    context: typer.Context,
    api: ApiName,
    *,
    token_header: TokenHeader = None,
    subscription: Subscription = None,
    api_keys: ApiKeys = None,
    key_managers: KeyManagers = None,
    every_key_manager: EveryKeyManager = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show how callers of an API prove who they are, or change it.

    Changes are in force with the next deploy.
    """
    if key_managers and every_key_manager:
        raise usage("stands beside --key-manager.", "--every-key-manager", "Give one of them.")
    session = open_session(context, data, as_json=as_json)
    path = f"/apis/{segment(api)}/access"
    body: dict[str, object] = {
        "token_header": token_header,
        "subscription_required": subscription,
        "api_keys": api_keys,
        "key_managers": key_managers or None,
    }
    wanted = {name: value for name, value in body.items() if value is not None}
    if every_key_manager:
        wanted["key_managers"] = None
    if not wanted:
        found = dict(session.management.get(path))
        session.answer(found, lambda: _write_access(session, found))
        return
    changed = dict(session.management.send("PATCH", path, body=wanted).body)

    def show() -> None:
        _write_access(session, changed)
        write_warnings(session.terminal, changed["warnings"])
        session.terminal.next_step("api", "deploy", api)

    session.answer(changed, show)


def secure(
    context: typer.Context,
    api: ApiName,
    operation: OperationName,
    *,
    oauth2: Annotated[bool, typer.Option("--oauth2", help="Ask for an access token.")] = False,
    none: Annotated[
        bool, typer.Option("--none", help="Ask for nothing: anybody may call it.")
    ] = False,
    api_key: Annotated[
        bool | None,
        typer.Option(
            "--api-key/--no-api-key",
            show_default=False,
            help="Let any API key in, whatever its scopes.",
        ),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Change what an operation asks of its callers; its scopes stay.

    In force with the next deploy.
    """
    if oauth2 and none:
        raise usage("stands beside --oauth2.", "--none", "Give one of them.")
    if not oauth2 and not none and api_key is None:
        reason = "is one of --oauth2, --none, --api-key and --no-api-key."
        raise usage(reason, "security", 'For example: api secure books:v1.0 "GET /books" --none')
    session = open_session(context, data, as_json=as_json)
    body: dict[str, object] = {"operation": operation}
    if oauth2 or none:
        body["security"] = "oauth2" if oauth2 else "none"
    if api_key is not None:
        body["api_key"] = api_key
    found = session.management.send("PATCH", f"/apis/{segment(api)}/operations", body=body).body

    def show() -> None:
        for item in found["operations"]:
            if operation in ("*", item["operation"]):
                line = f"{clean(item['operation'])} needs {clean(needs(item))}"
                session.terminal.write(line)
        write_warnings(session.terminal, found["warnings"])
        session.terminal.next_step("api", "deploy", api)

    session.answer(found, show)


def test_key(
    context: typer.Context,
    api: ApiName,
    *,
    environment: Environment = None,
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", help="Only this scope; may be given several times."),
    ] = None,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a key to try an API with, for 15 minutes and without a subscription.

    It works for this API in this environment only, and prints a call to start with.
    """
    session = open_session(context, data, as_json=as_json)
    body: dict[str, object] = {"scopes": scopes} if scopes else {}
    if environment is not None:
        body["environment"] = environment
    answer = session.management.post(f"/apis/{segment(api)}/test-key", body)
    found = answer.body

    def show() -> None:
        scope = " ".join(found["scopes"]) or "none"
        session.terminal.say(
            f"A test key of {clean(found['api'])} in {clean(found['environment'])} until"
            f" {clean(found['expires_at'])}, scopes: {clean(scope)}."
        )
        session.terminal.write(clean(found["curl"]))

    show_then_wait(session, answer, show, no_wait=no_wait)


def _write_access(session: Session, found: dict[str, Any]) -> None:
    session.terminal.pairs([("API", found["api"]), *access_pairs(found)])
