"""What the management API answers: shapes, and no rule. The bodies it takes stand in `bodies`."""

from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from gatewright.domain.environment import Kind
from gatewright.domain.lifecycle import State
from gatewright.domain.person import Role
from gatewright.interfaces.management.models.access import AccessOut

T = TypeVar("T")


class Out(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True)


class Page(Out, Generic[T]):
    """One page of a list; `next_cursor` is null on the last one."""

    items: list[T]
    next_cursor: str | None = None


class ErrorItem(Out):
    """One of several things wrong with a request: where, and why."""

    field: str
    message: str


class Problem(Out):
    """RFC 9457 problem details, with a stable `code` and what to do next."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
    way_out: str | None = None
    request_id: str
    errors: list[ErrorItem] | None = None


# People


class UserOut(Out):
    """A member of the organization."""

    id: str
    handle: str
    name: str
    role: Role
    created_at: datetime
    revision: int


class SessionOut(Out):
    """`token` is shown this once, and null when a cookie was asked for."""

    user: UserOut
    token: str | None
    expires_at: datetime | None


class MeOut(Out):
    """Who is asking, where, and what that role may do."""

    user: UserOut
    organization: str
    organization_name: str
    login_kind: str
    actions: list[str]


class SignInLinkOut(Out):
    """A single-use sign-in link and its code, shown this once."""

    url: str
    code: str
    expires_at: datetime


class AccessTokenOut(Out):
    """A personal access token, told apart by its hint; `token` is shown once, at creation."""

    id: str
    name: str
    hint: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    token: str | None = None


# APIs


class OperationOut(Out):
    """`operation` is how people name it; `scopes` is every scope in some alternative.

    With `api_key` any API key is one more alternative.
    """

    operation: str
    method: str
    path: str
    summary: str
    operation_id: str
    alternatives: list[list[str]]
    scopes: list[str]
    anonymous: bool
    api_key: bool


class ScopeOut(Out):
    """Both names of a scope, and the operations that ask for it."""

    name: str
    qualified_name: str
    description: str
    operations: list[str]


class FaultOut(Out):
    """Why a gateway does not serve the deployment as asked."""

    reason: str
    serving: bool
    at: datetime


class LimitOut(Out):
    """`limit` such as `100/minute`, of an operation, or of the whole API where that is null."""

    operation: str | None
    limit: str
    request_count: int
    unit: str


class DeploymentOut(Out):
    """`url` is where calls go; `revision` is the deployed revision's number."""

    id: str
    environment: str
    kind: Kind
    revision: int
    digest: str
    upstream: str
    url: str
    limits: list[LimitOut]
    deployed_at: datetime
    fault: FaultOut | None = None


class WarningOut(Out):
    """Something read otherwise than it was meant, or served otherwise than it may be expected."""

    location: str
    message: str


class DeploymentsOut(Page[DeploymentOut]):
    """Every deployment; `warnings` are about what is deployed, and forbid nothing."""

    warnings: list[WarningOut] = []


class ApiSummary(Out):
    """An API in a list."""

    id: str
    handle: str
    reference: str
    name: str
    context: str
    version: str
    state: State
    operation_count: int
    scope_count: int
    deployed_to: list[str]
    created_at: datetime
    updated_at: datetime
    revision: int


class ApiOut(ApiSummary):
    """An API whole. `next_states` are the lifecycle moves from here; `warnings` are about the
    change that is answered. With `approval_required` new subscriptions are pending at first."""

    description: str
    upstreams: dict[str, str]
    operations: list[OperationOut]
    scopes: list[ScopeOut]
    access: AccessOut
    deployments: list[DeploymentOut]
    next_states: list[State]
    approval_required: bool
    deprecated_at: datetime | None
    sunset_at: datetime | None
    warnings: list[WarningOut] = []


class ImportOut(Out):
    """`created` is false for an update; `removed_operations` were there before."""

    api: ApiOut
    warnings: list[WarningOut]
    created: bool
    dry_run: bool
    removed_operations: list[str]


class RevisionOut(Out):
    """An immutable revision; `environments` are those that serve it."""

    id: str
    number: int
    digest: str
    operation_count: int
    created_at: datetime
    environments: list[str]


# Applications


class ApplicationOut(Out):
    """A program; `owner_id` is the user that made it."""

    id: str
    handle: str
    name: str
    description: str
    allowed_scopes: list[str] | None
    blocked: bool
    created_at: datetime
    owner_id: str
    revision: int


class ConnectionOut(Out):
    """All a client needs to get a token. `curl` runs as printed when the secret was just made."""

    issuer: str
    token_endpoint: str
    revocation_endpoint: str
    introspection_endpoint: str
    jwks_uri: str
    metadata_url: str
    curl: str


class SecretOut(Out):
    """A client secret, told apart by its hint; `client_secret` is shown once, at creation."""

    id: str
    name: str
    hint: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    usable: bool
    expires_soon: bool
    client_secret: str | None = None


class CredentialOut(Out):
    """An OAuth2 client; `client_secret` is shown once, at creation."""

    id: str
    kind: Kind
    client_id: str
    token_ttl_seconds: int
    introspects_all: bool
    dpop_bound_access_tokens: bool
    tls_client_certificate_bound_access_tokens: bool
    generation: int
    created_at: datetime
    revision: int
    secrets: list[SecretOut]
    connection: ConnectionOut
    client_secret: str | None = None


class TokenOut(Out):
    """An access token response (RFC 6749 §5.1)."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str = ""


class RevocationOut(Out):
    """`revoked` is false when it is no living token of this organization; `live` tells whether
    every connected gateway refuses it already."""

    revoked: bool
    live: bool


# Environments


class EnvironmentOut(Out):
    """Where revisions are deployed."""

    id: str
    handle: str
    name: str
    kind: Kind
    position: int
    gateway_url: str


class AuditOut(Out):
    """Who changed what."""

    id: str
    at: datetime
    actor: str
    actor_name: str
    action: str
    subject: str
    detail: dict[str, str]


class GatewayOut(Out):
    """One Envoy; `rejection` is its own text about the last resource it refused."""

    id: str
    environments: list[str]
    connected: bool
    seen_at: datetime
    version: str
    applied_sequence: int
    rejection: str


class ApiFaultOut(FaultOut):
    """A fault with the API and environment it is about."""

    api: str
    environment: str


class LiveOut(Out):
    """Whether every connected gateway has everything up to `sequence` in force."""

    live: bool
    sequence: int
    gateways: list[GatewayOut]


class UrlsOut(Out):
    """`sts` is the issuer of production; `gateway` is by kind and by environment handle."""

    management: str
    sts: str
    portal: str
    console: str
    gateway: dict[str, str]


class CountsOut(Out):
    """How many there are."""

    apis: int
    applications: int
    subscriptions: int


class StatusOut(Out):
    """How the installation is, as the caller's organization sees it."""

    version: str
    urls: UrlsOut
    sequence: int
    gateways: list[GatewayOut]
    faults: list[ApiFaultOut]
    counts: CountsOut
