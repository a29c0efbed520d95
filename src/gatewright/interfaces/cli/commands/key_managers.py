"""`gatewright key-manager …`: outside token issuers that the organization trusts."""

from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import segment
from gatewright.interfaces.cli.commands import key_manager_options as options
from gatewright.interfaces.cli.commands.apis import items_of
from gatewright.interfaces.cli.failure import CommandFailed, usage
from gatewright.interfaces.cli.live import wait_until_live
from gatewright.interfaces.cli.options import Data, Json, NoWait, Yes
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean

Manager = Annotated[
    str, typer.Argument(metavar="KEY_MANAGER", help="A key manager: its handle or id.")
]  # fmt: skip
Handle = Annotated[str | None, typer.Option("--handle", help="A short name for it.")]
WellKnown = Annotated[
    str | None,
    typer.Option("--well-known", metavar="URL", help="Where it describes itself."),
]
_PATH = "/key-managers"
_DESCRIPTION = "/.well-known/"


def list_key_managers(
    context: typer.Context,
    *,
    linkable: Annotated[
        bool, typer.Option("--linkable", help="Those whose clients applications may have.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List the trusted issuers."""
    session = open_session(context, data, as_json=as_json)
    found = session.management.get("/linkable-key-managers" if linkable else _PATH)

    def show() -> None:
        if linkable:
            rows = [
                (item["handle"], item["name"], item["issuer"],
                 item["endpoints"].get("token_endpoint", ""))
                for item in items_of(found)
            ]  # fmt: skip
            session.terminal.table(("KEY MANAGER", "NAME", "ISSUER", "TOKENS FROM"), rows)
            return
        rows = [
            (item["handle"], item["issuer"], _uses(item), _state(item)) for item in items_of(found)
        ]
        session.terminal.table(("KEY MANAGER", "ISSUER", "GOOD FOR", "STATE"), rows)

    session.answer(found, show)


def show_key_manager(
    context: typer.Context, manager: Manager, *, data: Data = None, as_json: Json = False
) -> None:
    """Show a trusted issuer."""
    session = open_session(context, data, as_json=as_json)
    _show(session, session.management.get(f"{_PATH}/{segment(manager)}"))


def add(
    context: typer.Context,
    issuer: Annotated[
        str | None,
        typer.Argument(metavar="[ISSUER]", help="The iss of its tokens, or its well-known URL."),
    ] = None,
    *,
    well_known: WellKnown = None,
    handle: Handle = None,
    name: options.Name = None,
    kind: options.IssuerKind = None,
    jwks_uri: options.JwksUri = None,
    jwks: options.Jwks = None,
    audience: options.Audience = None,
    client_claim: options.ClientClaim = None,
    scope_claim: options.ScopeClaim = None,
    role_claim: options.RoleClaim = None,
    role_scopes: options.RoleScopes = None,
    environment: options.Environments = None,
    endpoint: options.Endpoints = None,
    token_exchange: options.TokenExchange = None,
    jwt_bearer: options.JwtBearer = None,
    api_access: options.ApiAccess = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Trust an issuer.

    What it tells of itself fills what you do not give: its keys' address and its endpoints.
    """
    if not (token_exchange or jwt_bearer or api_access):
        raise usage(
            "its tokens would be good for nothing.",
            "options",
            "Give --api-access, --token-exchange, --jwt-bearer or several.",
        )
    if issuer is not None and _DESCRIPTION in issuer and well_known is None:
        issuer, well_known = None, issuer
    given = options.body({
        "issuer": issuer, "well_known": well_known, "handle": handle, "name": name, "kind": kind,
        "jwks_uri": jwks_uri, "jwks": jwks, "audiences": audience, "client_claim": client_claim,
        "scope_claim": scope_claim, "role_claim": role_claim, "role_scopes": role_scopes,
        "environments": environment, "endpoints": endpoint, "token_exchange": token_exchange,
        "jwt_bearer": jwt_bearer, "api_access": api_access,
    })  # fmt: skip
    session = open_session(context, data, as_json=as_json)
    _show(session, session.management.post(_PATH, given).body)


def change(
    context: typer.Context,
    manager: Manager,
    *,
    name: options.Name = None,
    kind: options.IssuerKind = None,
    jwks_uri: options.JwksUri = None,
    jwks: options.Jwks = None,
    audience: options.Audience = None,
    client_claim: options.ClientClaim = None,
    scope_claim: options.ScopeClaim = None,
    role_claim: options.RoleClaim = None,
    role_scopes: options.RoleScopes = None,
    environment: options.Environments = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Take it in every environment.")
    ] = False,
    endpoint: options.Endpoints = None,
    token_exchange: options.TokenExchange = None,
    jwt_bearer: options.JwtBearer = None,
    api_access: options.ApiAccess = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Change a trusted issuer; what you do not give stays.

    An option that may repeat replaces all there was of it.
    """
    if everywhere and environment:
        raise usage("goes without --environment.", "--everywhere", "Give one of the two.")
    given = options.body({
        "name": name, "kind": kind, "jwks_uri": jwks_uri, "jwks": jwks, "audiences": audience,
        "client_claim": client_claim, "scope_claim": scope_claim, "role_claim": role_claim,
        "role_scopes": role_scopes, "environments": [] if everywhere else environment,
        "endpoints": endpoint, "token_exchange": token_exchange, "jwt_bearer": jwt_bearer,
        "api_access": api_access,
    })  # fmt: skip
    session = open_session(context, data, as_json=as_json)
    path = f"{_PATH}/{segment(manager)}"
    _show(session, session.management.send("PATCH", path, body=given).body)


def refresh(
    context: typer.Context,
    manager: Manager,
    *,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Read its keys now, as after a rotation, and wait until the gateways have them."""
    session = open_session(context, data, as_json=as_json)
    answer = session.management.post(f"{_PATH}/{segment(manager)}/refresh", {})
    found = answer.body
    failure = found["key_set"] and found["key_set"]["failure"]
    if failure:
        raise CommandFailed(
            f"its keys can not be read: {failure}",
            "key_manager",
            "Those that were read before go on; try again when the issuer is back.",
            extra={"key_manager": found},
        )
    live = wait_until_live(session, answer.sequence, no_wait=no_wait)
    live.check(found)
    count = len(found["key_set"]["keys"])
    words = f"{clean(found['handle'])} has {count} keys; {live.words}"
    session.answer(found, lambda: session.terminal.write(words))


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
    unlink: Annotated[
        bool, typer.Option("--unlink", help="Unlink its clients from their applications, too.")
    ] = False,
    yes: Yes = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Trust an issuer no longer, and forget it."""
    session = open_session(context, data, as_json=as_json)
    session.confirm(f"Tokens of {manager} are taken no longer.", manager, yes=yes)
    query = "?unlink=true" if unlink else ""
    session.management.send("DELETE", f"{_PATH}/{segment(manager)}{query}")
    result = {"removed": manager}
    session.answer(result, lambda: session.terminal.write(f"{clean(manager)} is removed"))


def _switch(session: Session, manager: str, *, enabled: bool) -> None:
    path = f"{_PATH}/{segment(manager)}"
    found = session.management.send("PATCH", path, body={"enabled": enabled}).body
    word = "enabled" if enabled else "disabled"
    session.answer(found, lambda: session.terminal.write(f"{clean(found['handle'])} is {word}"))


def _show(session: Session, found: Any) -> None:
    roles = "; ".join(f"{role}: {' '.join(names)}" for role, names in found["role_scopes"].items())
    rows = [
        ("handle", found["handle"]),
        ("name", found["name"]),
        ("kind", found["kind"]),
        ("issuer", found["issuer"]),
        ("keys", found["jwks_uri"] or "given"),
        *_key_rows(found["key_set"]),
        ("audiences", " ".join(found["audiences"]) or _any_audience(found)),
        ("client_claim", found["client_claim"]),
        ("scope_claim", found["scope_claim"]),
        ("role_claim", found["role_claim"] or "none"),
        ("role_scopes", roles or "none"),
        ("environments", " ".join(found["environments"]) or "all"),
        *sorted(found["endpoints"].items()),
        ("good for", _uses(found)),
        ("linked clients", str(found["client_count"])),
        ("enabled", "yes" if found["enabled"] else "no"),
    ]
    session.answer(found, lambda: session.terminal.pairs(rows))


def _any_audience(found: Any) -> str:
    grants = "only this token service itself" if _grants(found) else ""
    calls = "any, for calls of APIs" if found["api_access"] else ""
    return "; ".join(part for part in (grants, calls) if part) or "none"


def _grants(found: Any) -> bool:
    return bool(found["token_exchange"] or found["jwt_bearer"])


def _key_rows(key_set: Any) -> list[tuple[str, str]]:
    if key_set is None:
        return []
    rows = [("key set", ", ".join(key_set["keys"]) or "no keys yet")]
    if key_set["since"]:
        rows.append(("read", key_set["since"]))
    if key_set["failure"]:
        rows.append(("failing", f"since {key_set['failing_since']}: {key_set['failure']}"))
    return rows


def _state(item: Any) -> str:
    if not item["enabled"]:
        return "disabled"
    failing = item["key_set"] is not None and item["key_set"]["failure"]
    return "keys can not be read" if failing else "enabled"


def _uses(item: Any) -> str:
    names = (
        ("api_access", "API calls"),
        ("token_exchange", "token exchange"),
        ("jwt_bearer", "JWT bearer"),
    )
    return ", ".join(name for flag, name in names if item[flag]) or "nothing"
