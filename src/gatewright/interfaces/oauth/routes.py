"""Which endpoint a path means; it knows no request and no issuer that exists."""

from dataclasses import dataclass

_AUTHORIZATION_SERVER = "oauth-authorization-server"
_OPENID = "openid-configuration"
POSTED = frozenset({"token", "revoke", "introspect"})
SHARED = frozenset({"token", "jwks", "metadata"})
"""Endpoints that pages of any origin may call; none of them looks at cookies."""


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint of an issuer; `organization` and `kind` are as the path spells them."""

    endpoint: str
    organization: str
    kind: str


def route(path: str) -> Route | None:
    """The route of a path that was not percent-decoded, or None.

    Metadata has three: inserted (RFC 8414 §3), its OpenID spelling, and OpenID's own appended one.
    """
    match path.split("/"):
        case ["", "sts", organization, kind, ("token" | "revoke" | "introspect" | "jwks") as name]:
            return Route(name, organization, kind)
        case ["", "sts", organization, kind, ".well-known", "jwks.json"]:
            return Route("jwks", organization, kind)
        case ["", "sts", organization, kind, ".well-known", name] if name == _OPENID:
            return Route("metadata", organization, kind)
        case ["", ".well-known", name, "sts", organization, kind] if name in (
            _AUTHORIZATION_SERVER,
            _OPENID,
        ):
            return Route("metadata", organization, kind)
        case _:
            return None


def methods(endpoint: str) -> tuple[str, ...]:
    """The methods that an endpoint takes, beside OPTIONS."""
    return ("POST",) if endpoint in POSTED else ("GET", "HEAD")
