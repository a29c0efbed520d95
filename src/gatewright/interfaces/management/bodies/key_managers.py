"""The bodies about key managers."""

from typing import Annotated, Any

from pydantic import Field

from gatewright.interfaces.management.bodies import In, Short, Url

Audiences = Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=50)]
KeySet = Annotated[str, Field(max_length=65_536)] | dict[str, Any]


class KeyManagerPatch(In):
    """What is left out stays. `jwks` is a JWK Set, as text or as the JSON object itself."""

    name: Short | None = None
    jwks_uri: Url | None = None
    jwks: KeySet | None = None
    audiences: Audiences | None = None
    client_claim: Short | None = None
    scope_claim: Short | None = None
    token_exchange: bool | None = None
    jwt_bearer: bool | None = None
    enabled: bool | None = None


class KeyManagerIn(KeyManagerPatch):
    """Without `jwks_uri` and `jwks` the issuer is asked for its keys' address."""

    issuer: Url
    handle: Short | None = None
