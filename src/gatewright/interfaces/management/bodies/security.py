"""The bodies about who may call an API and its operations."""

from typing import Annotated, Literal

from pydantic import Field

from gatewright.interfaces.management.bodies import In, Short


class AccessPatch(In):
    """What is left out stays; `key_managers` null, given, takes every one again."""

    token_header: Short | None = None
    subscription_required: bool | None = None
    api_keys: bool | None = None
    key_managers: Annotated[list[Short], Field(max_length=101)] | None = None


class OperationPatch(In):
    """`operation` is such as `GET /books`, or `*` for all. `security` oauth2 asks for a token,
    none for nothing at all; `api_key` lets any API key in beside tokens. What is left out stays."""

    operation: Annotated[str, Field(max_length=1100)]
    security: Literal["oauth2", "none"] | None = None
    api_key: bool | None = None


class TestKeyIn(In):
    """Without `scopes` it holds all of the API's; without `environment` it is for the only one
    that the API is deployed to."""

    environment: Short | None = None
    scopes: Annotated[list[Annotated[str, Field(max_length=400)]], Field(max_length=200)] | None = (
        None
    )
