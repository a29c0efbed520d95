"""`gatewright key-manager …`: outside token issuers that the organization trusts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import segment
from gatewright.interfaces.cli.commands.apis import items_of
from gatewright.interfaces.cli.failure import usage
from gatewright.interfaces.cli.options import Data, Json, Yes
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean

Manager = Annotated[
    str, typer.Argument(metavar="KEY_MANAGER", help="A key manager: its handle or id.")
]  # fmt: skip
Handle = Annotated[str | None, typer.Option("--handle", help="A short name for it.")]
Name = Annotated[str | None, typer.Option("--name", help="A display name.")]
JwksUri = Annotated[
    str | None,
    typer.Option("--jwks-uri", metavar="URL", help="Default: what the issuer itself tells."),
]
Jwks = Annotated[
    Path | None,
    typer.Option("--jwks", metavar="FILE", exists=True, dir_okay=False, help="Its keys."),
]
Audience = Annotated[
    list[str] | None,
    typer.Option("--audience", help="An aud of its tokens that is taken; may repeat."),
]
ClientClaim = Annotated[
    str | None, typer.Option("--client-claim", help="Where it names the client. Default: azp.")
]
ScopeClaim = Annotated[
    str | None, typer.Option("--scope-claim", help="Where it lists scopes. Default: scope.")
]
TokenExchange = Annotated[
    bool, typer.Option("--token-exchange", help="Its tokens may be exchanged (RFC 8693).")
]
JwtBearer = Annotated[
    bool, typer.Option("--jwt-bearer", help="Its JWTs are grants (RFC 7523).")
]  # fmt: skip
_PATH = "/key-managers"


def list_key_managers(context: typer.Context, *, data: Data = None, as_json: Json = False) -> None:
    """List the trusted issuers."""
    session = open_session(context, data, as_json=as_json)
    found = session.management.get(_PATH)

    def show() -> None:
        rows = [
            (item["handle"], item["issuer"], _uses(item), "yes" if item["enabled"] else "no")
            for item in items_of(found)
        ]
        session.terminal.table(("KEY MANAGER", "ISSUER", "GOOD FOR", "ENABLED"), rows)

    session.answer(found, show)


def show_key_manager(
    context: typer.Context, manager: Manager, *, data: Data = None, as_json: Json = False
) -> None:
    """Show a trusted issuer."""
    session = open_session(context, data, as_json=as_json)
    _show(session, session.management.get(f"{_PATH}/{segment(manager)}"))


def add(
    context: typer.Context,
    issuer: Annotated[str, typer.Argument(metavar="ISSUER", help="The iss of its tokens.")],
    *,
    handle: Handle = None,
    name: Name = None,
    jwks_uri: JwksUri = None,
    jwks: Jwks = None,
    audience: Audience = None,
    client_claim: ClientClaim = None,
    scope_claim: ScopeClaim = None,
    token_exchange: TokenExchange = False,
    jwt_bearer: JwtBearer = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Trust an issuer.

    Its keys' address is read from its discovery document, unless you give it or the keys.
    """
    if not (token_exchange or jwt_bearer):
        raise usage(
            "its tokens would be good for nothing.",
            "options",
            "Give --token-exchange, --jwt-bearer or both.",
        )
    given = {
        "issuer": issuer, "handle": handle, "name": name, "jwks_uri": jwks_uri,
        "jwks": None if jwks is None else jwks.read_text(), "audiences": audience,
        "client_claim": client_claim, "scope_claim": scope_claim,
        "token_exchange": token_exchange, "jwt_bearer": jwt_bearer,
    }  # fmt: skip
    session = open_session(context, data, as_json=as_json)
    body = {key: value for key, value in given.items() if value is not None}
    _show(session, session.management.post(_PATH, body).body)


def enable(
    context: typer.Context, manager: Manager, *, data: Data = None, as_json: Json = False
) -> None:
    """Take its tokens again."""
    _switch(open_session(context, data, as_json=as_json), manager, enabled=True)


def disable(
    context: typer.Context, manager: Manager, *, data: Data = None, as_json: Json = False
) -> None:
    """Take its tokens no longer.

    What was got by them lives on until it expires.
    """
    _switch(open_session(context, data, as_json=as_json), manager, enabled=False)


def remove(
    context: typer.Context,
    manager: Manager,
    *,
    yes: Yes = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Trust an issuer no longer, and forget it."""
    session = open_session(context, data, as_json=as_json)
    session.confirm(f"Tokens of {manager} are taken no longer.", manager, yes=yes)
    session.management.send("DELETE", f"{_PATH}/{segment(manager)}")
    result = {"removed": manager}
    session.answer(result, lambda: session.terminal.write(f"{clean(manager)} is removed"))


def _switch(session: Session, manager: str, *, enabled: bool) -> None:
    path = f"{_PATH}/{segment(manager)}"
    found = session.management.send("PATCH", path, body={"enabled": enabled}).body
    word = "enabled" if enabled else "disabled"
    session.answer(found, lambda: session.terminal.write(f"{clean(found['handle'])} is {word}"))


def _show(session: Session, found: Any) -> None:
    rows = [
        ("handle", found["handle"]),
        ("name", found["name"]),
        ("issuer", found["issuer"]),
        ("keys", found["jwks_uri"] or "given"),
        ("audiences", " ".join(found["audiences"]) or "only this token service itself"),
        ("client_claim", found["client_claim"]),
        ("scope_claim", found["scope_claim"]),
        ("good for", _uses(found)),
        ("enabled", "yes" if found["enabled"] else "no"),
    ]
    session.answer(found, lambda: session.terminal.pairs(rows))


def _uses(item: Any) -> str:
    names = (("token_exchange", "token exchange"), ("jwt_bearer", "JWT bearer"))
    return ", ".join(name for flag, name in names if item[flag]) or "nothing"
