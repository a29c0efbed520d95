"""The options of `gatewright key-manager add` and `set`, and the bodies that they make."""

from pathlib import Path
from typing import Annotated

import typer

from gatewright.interfaces.cli.failure import usage

KINDS = "asgardeo, entra, keycloak, auth0, okta, oidc"
Name = Annotated[str | None, typer.Option("--name", help="A display name.")]
IssuerKind = Annotated[
    str | None,
    typer.Option("--kind", metavar="KIND", help=f"Whose claims it has: {KINDS} (the default)."),
]
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
    str | None,
    typer.Option("--client-claim", help="Where it names the client. Default: by its kind."),
]
ScopeClaim = Annotated[
    str | None, typer.Option("--scope-claim", help="Where it lists scopes. Default: by its kind.")
]
RoleClaim = Annotated[
    str | None,
    typer.Option("--role-claim", help="Where it lists roles or groups. Default: by its kind."),
]
RoleScopes = Annotated[
    list[str] | None,
    typer.Option(
        "--role-scopes", metavar="ROLE=SCOPE,…", help="Scopes that a role stands for; may repeat."
    ),
]
Environments = Annotated[
    list[str] | None,
    typer.Option(
        "--environment", "-e", metavar="ENV", help="Where it is taken; may repeat. Default: all."
    ),
]
Endpoints = Annotated[
    list[str] | None,
    typer.Option(
        "--endpoint", metavar="NAME=URL", help="Such as token_endpoint=https://…; may repeat."
    ),
]
TokenExchange = Annotated[
    bool | None,
    typer.Option(
        "--token-exchange/--no-token-exchange", help="Its tokens may be exchanged (RFC 8693)."
    ),
]
JwtBearer = Annotated[
    bool | None,
    typer.Option("--jwt-bearer/--no-jwt-bearer", help="Its JWTs are grants (RFC 7523)."),
]
ApiAccess = Annotated[
    bool | None,
    typer.Option(
        "--api-access/--no-api-access", help="Its tokens call APIs, for the linked application."
    ),
]


def body(given: dict[str, object]) -> dict[str, object]:
    """What was given, as the management API takes it. Raises CommandFailed (usage)."""
    found = {key: value for key, value in given.items() if value is not None}
    if isinstance(found.get("jwks"), Path):
        found["jwks"] = Path(str(found["jwks"])).read_text()
    for option, key in (("--role-scopes", "role_scopes"), ("--endpoint", "endpoints")):
        if key in found:
            found[key] = _pairs(option, found[key])
    if "role_scopes" in found:
        pairs = dict(found["role_scopes"])  # type: ignore[call-overload]
        found["role_scopes"] = {
            role: [name.strip() for name in text.split(",") if name.strip()]
            for role, text in pairs.items()
        }
    return found


def _pairs(option: str, lines: object) -> dict[str, str]:
    pairs = {}
    for line in lines if isinstance(lines, list) else []:
        name, equals, value = str(line).partition("=")
        if not equals or not name.strip():
            raise usage("is not NAME=VALUE.", option, "Write it as its help says.")
        pairs[name.strip()] = value.strip()
    return pairs
