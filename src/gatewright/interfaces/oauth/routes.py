"""Which endpoint a path means; it knows no request and no issuer that exists."""

from collections.abc import Mapping
from dataclasses import dataclass

_AUTHORIZATION_SERVER = "oauth-authorization-server"
_OPENID = "openid-configuration"
POSTED = frozenset({"token", "revoke", "introspect"})
REGISTRATION = {"register": ("POST",), "registration": ("GET", "PUT", "DELETE")}
"""RFC 7591 §3.1 and RFC 7592 §2; the methods of each."""

_METHODS: Mapping[str, tuple[str, ...]] = dict.fromkeys(POSTED, ("POST",)) | REGISTRATION
SHARED = frozenset({"token", "jwks", "metadata", "resource"})
"""Endpoints that pages of any origin may call; none of them looks at cookies."""


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint of an issuer; `organization`, `kind`, `client_id` are as the path spells them.

    `resource` is an API by its environment's id, context and version, for its own metadata.
    """

    endpoint: str
    organization: str
    kind: str
    client_id: str = ""
    resource: tuple[str, str, str] = ("", "", "")


def route(path: str) -> Route | None:
    """The route of a path that was not percent-decoded, or None.

    Metadata has three: inserted (RFC 8414 §3), its OpenID spelling, and OpenID's own appended one.
    """
    match path.split("/"):
        case ["", "sts", organization, kind, ("token" | "revoke" | "introspect" | "jwks") as name]:
            return Route(name, organization, kind)
        case ["", "sts", organization, kind, "register"]:
            return Route("register", organization, kind)
        case ["", "sts", organization, kind, "register", client_id] if client_id:
            return Route("registration", organization, kind, client_id)
        case ["", "sts", organization, kind, ".well-known", "jwks.json"]:
            return Route("jwks", organization, kind)
        case ["", "sts", organization, kind, ".well-known", name] if name == _OPENID:
            return Route("metadata", organization, kind)
        case ["", ".well-known", name, "sts", organization, kind] if name in (
            _AUTHORIZATION_SERVER,
            _OPENID,
        ):
            return Route("metadata", organization, kind)
        case ["", "protected-resource", environment_id, context, version]:
            return Route("resource", "", "", resource=(environment_id, f"/{context}", version))
        case _:
            return None


def methods(endpoint: str) -> tuple[str, ...]:
    """The methods that an endpoint takes, beside OPTIONS."""
    return _METHODS.get(endpoint, ("GET", "HEAD"))
