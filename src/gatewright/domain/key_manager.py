"""A key manager: an outside token issuer that the organization trusts."""

from dataclasses import dataclass, field
from datetime import datetime

KINDS = ("asgardeo", "entra", "keycloak", "auth0", "okta", "oidc")
"""Products whose claims and addresses are known beforehand; the last stands for any other."""

EXTERNAL_CLIENTS_MAX = 20
"""Linked clients of one application."""

ENDPOINTS = (
    "token_endpoint", "authorization_endpoint", "revocation_endpoint", "end_session_endpoint",
)  # fmt: skip
"""What is kept of an issuer's addresses (RFC 8414 §2, OpenID Connect RP-Initiated Logout 1.0)."""


@dataclass(frozen=True, slots=True)
class KeyManager:
    """An issuer with its keys, `jwks` (JSON text) or where they are fetched, `jwks_uri`.

    Its tokens must name one of `audiences`. `client_claim` and `scope_claim` say where it writes
    the client and the scopes. The flags say what its tokens are good for: RFC 8693, RFC 7523 §2.1,
    and `api_access`: at the gateways of `environments` (ids; empty: all), as the application that
    its client is linked to. `role_scopes` gives scopes (with spaces between) for the values of
    `role_claim`, a list or a text. `endpoints` are shown to consumers, by the names of RFC 8414.
    """

    id: str
    organization_id: str
    handle: str
    name: str
    issuer: str
    jwks_uri: str | None
    jwks: str | None
    audiences: frozenset[str]
    client_claim: str
    scope_claim: str
    token_exchange: bool
    jwt_bearer: bool
    enabled: bool
    created_at: datetime
    revision: int = 1
    kind: str = "oidc"
    api_access: bool = False
    environments: frozenset[str] = frozenset()
    role_claim: str = ""
    role_scopes: dict[str, str] = field(default_factory=dict)
    endpoints: dict[str, str] = field(default_factory=dict)

    def opens_apis_in(self, environment_id: str) -> bool:
        """Whether its tokens are good for APIs there, as far as it says so itself."""
        here = not self.environments or environment_id in self.environments
        return self.enabled and self.api_access and here


@dataclass(frozen=True, slots=True)
class FetchedKeySet:
    """What a key manager's `jwks_uri` answered last; `id` is that of the key manager.

    `jwks` stays when a later fetch fails: an issuer that is away ends nobody's tokens. `failure`
    says why the newest fetch failed, and is None when it did not.
    """

    id: str
    organization_id: str
    jwks_uri: str
    jwks: str | None
    fetched_at: datetime | None
    checked_at: datetime
    failure: str | None
    revision: int = 1


@dataclass(frozen=True, slots=True)
class ExternalClient:
    """A client of a key manager, linked to the one application that it acts for."""

    id: str
    organization_id: str
    key_manager_id: str
    client_id: str
    application_id: str
    created_at: datetime
    revision: int = 1

    @property
    def subject_key(self) -> str:
        """What the gateway looks subscriptions up by; no client of our own has such a one."""
        return external_subject(self.key_manager_id, self.client_id)


def external_subject(key_manager_id: str, client_id: str) -> str:
    """`<key manager>|<client>`: a client id of our own never holds a bar."""
    return f"{key_manager_id}|{client_id}"


def claim_path(name: str) -> tuple[str, ...]:
    """Where a claim of that name stands, from the outside in.

    A name with a slash or a colon is one member's whole name, such as `https://example.com/roles`
    or `cognito:groups`; in any other a dot leads into an object, as in `realm_access.roles`.
    """
    return (name,) if "/" in name or ":" in name else tuple(name.split("."))
