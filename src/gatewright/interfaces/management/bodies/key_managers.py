"""The bodies about key managers and linked clients."""

from typing import Annotated, Any

from pydantic import Field

from gatewright.interfaces.management.bodies import In, Short, Url

Audiences = Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=50)]
KeySet = Annotated[str, Field(max_length=65_536)] | dict[str, Any]
Scopes = Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=50)]
RoleScopes = Annotated[dict[Short, Scopes], Field(max_length=200)]
Endpoints = Annotated[dict[Short, Url], Field(max_length=10)]


class KeyManagerPatch(In):
    """What is left out stays. `jwks` is a JWK Set, as text or as the JSON object itself.

    `environments` are handles, [] meaning all; `role_scopes` and `endpoints` replace what is there.
    """

    name: Short | None = None
    kind: Short | None = None
    jwks_uri: Url | None = None
    jwks: KeySet | None = None
    audiences: Audiences | None = None
    client_claim: Short | None = None
    scope_claim: Short | None = None
    role_claim: Short | None = None
    role_scopes: RoleScopes | None = None
    environments: Annotated[list[Short], Field(max_length=100)] | None = None
    endpoints: Endpoints | None = None
    token_exchange: bool | None = None
    jwt_bearer: bool | None = None
    api_access: bool | None = None
    enabled: bool | None = None


class KeyManagerIn(KeyManagerPatch):
    """Give the issuer or the URL of its description (`well_known`), which is then read.

    An issuer with `jwks_uri` or `jwks` and no `well_known` is taken as it is.
    """

    issuer: Url | None = None
    well_known: Url | None = None
    handle: Short | None = None


class ExternalClientIn(In):
    """A client id of a key manager, named by its handle, issuer or id."""

    key_manager: Url
    client_id: Annotated[str, Field(max_length=255)]
