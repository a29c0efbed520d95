"""What is answered about key managers and linked clients; all of it is public."""

from datetime import datetime

from gatewright.interfaces.management.models import Out


class KeySetOut(Out):
    """What is kept of the keys at `jwks_uri`: for gateways, which take them while it is away too.

    `since` is when these keys were read first; `failure` says why the last readings failed, since
    `failing_since`.
    """

    keys: list[str]
    since: datetime | None
    failure: str | None
    failing_since: datetime | None


class KeyManagerOut(Out):
    """An outside issuer that is trusted. Its keys are `jwks`, or are fetched from `jwks_uri`."""

    id: str
    handle: str
    name: str
    kind: str
    issuer: str
    jwks_uri: str | None
    jwks: str | None
    audiences: list[str]
    client_claim: str
    scope_claim: str
    role_claim: str
    role_scopes: dict[str, list[str]]
    environments: list[str]
    endpoints: dict[str, str]
    token_exchange: bool
    jwt_bearer: bool
    api_access: bool
    enabled: bool
    key_set: KeySetOut | None
    client_count: int
    created_at: datetime
    revision: int


class LinkableOut(Out):
    """A key manager as consumers see it: whose clients may be linked, and where tokens come from.

    No environments: every one.
    """

    handle: str
    name: str
    kind: str
    issuer: str
    environments: list[str]
    endpoints: dict[str, str]


class ExternalClientOut(Out):
    """A client of a key manager that acts for an application."""

    id: str
    application: str
    key_manager: str
    issuer: str
    client_id: str
    enabled: bool
    created_at: datetime
    revision: int
