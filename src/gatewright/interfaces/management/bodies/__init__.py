"""The bodies that the management API takes: shapes and bounds of sizes, and no rule.

Rules of values live in `domain`. A field that a body does not know is an error, so that a typing
error never passes in silence. What goes back stands in `models`.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gatewright.domain.environment import Kind
from gatewright.domain.person import Role

Short = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=20_000)]
Url = Annotated[str, Field(max_length=2_000)]
Days = Annotated[int, Field(ge=1, le=3650)]


class In(BaseModel):
    """A body: a field that it does not know is an error, so that a typing error never passes."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


# People


class SessionIn(In):
    """`code` is that of a single-use sign-in link."""

    code: Short
    as_: Literal["token", "cookie"] = Field("token", alias="as")
    name: Short = "sign-in link"


class MemberIn(In):
    """A new member."""

    handle: Short
    name: Short
    role: Role


class MemberPatch(In):
    """A change of a member."""

    name: Short | None = None
    role: Role | None = None


class OrganizationPatch(In):
    """What is left out stays."""

    name: Short | None = None
    signing_algorithm: Short | None = None
    key_rotation_days: int | None = None
    key_announcement_seconds: int | None = None
    token_ttl_seconds_min: int | None = None
    token_ttl_seconds_max: int | None = None


class AccessTokenIn(In):
    """Without `expires_in_days` it lives for 90 days."""

    name: Short
    expires_in_days: Days | None = None


# APIs


class OperationIn(In):
    """`alternatives`: any one of these lists of scopes suffices, each needed whole; none at all,
    with `api_key`, means API keys only."""

    method: Short
    path: Annotated[str, Field(max_length=1000)]
    summary: Text = ""
    operation_id: Short = ""
    alternatives: list[list[Short]] = [[]]
    anonymous: bool = False
    api_key: bool = False


class ScopeIn(In):
    """A scope by its short name."""

    name: Short
    description: Text = ""


class ImportIn(In):
    """One of `document` (text, or the JSON object itself) and `url`."""

    document: str | dict[str, Any] | None = None
    url: Url | None = None
    context: Short | None = None
    version: Short | None = None
    upstream: Url | None = None
    name: Short | None = None
    handle: Short | None = None
    update: bool = False
    dry_run: bool = False


class ApiIn(In):
    """An API from scratch."""

    name: Short
    context: Short | None = None
    version: Short = "v1.0"
    handle: Short | None = None
    description: Text = ""
    upstream: Url | None = None
    operations: Annotated[list[OperationIn], Field(max_length=2000)] = []
    scopes: Annotated[list[ScopeIn], Field(max_length=2000)] = []


class ApiPatch(In):
    """What is left out stays. `upstreams` maps environment handles to base URLs; null removes.

    With `approval_required` new subscriptions are pending until they are approved.
    """

    name: Short | None = None
    description: Text | None = None
    upstreams: dict[str, Url | None] | None = None
    approval_required: bool | None = None


class OperationsIn(In):
    """The whole list of operations, in any order."""

    operations: Annotated[list[OperationIn], Field(max_length=2000)]


class AttachmentIn(In):
    """`operation` is such as `GET /books`, or `*` for all."""

    scope: Short
    operation: Annotated[str, Field(max_length=1100)]


class DeploymentIn(In):
    """No environment: every environment. No revision: what the definition holds now."""

    environment: Short | None = None
    revision: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    upstream: Url | None = None


class PromotionIn(In):
    """The revision deployed in `from` goes to `to`, with that environment's upstream."""

    from_: Short = Field(alias="from")
    to: Short
    upstream: Url | None = None


class LifecycleIn(In):
    """The state to move to, in any case. The dates are for DEPRECATED: a day, its beginning in
    UTC, or an RFC 3339 moment; it is deprecated from now on unless `deprecated_at` is given."""

    state: Short
    deprecated_at: Short | None = None
    sunset_at: Short | None = None


# Applications


class ApplicationIn(In):
    """A new application; `allowed_scopes` null allows every scope."""

    name: Short
    handle: Short | None = None
    description: Text = ""
    allowed_scopes: Annotated[list[Short], Field(max_length=1000)] | None = None


class ApplicationPatch(In):
    """What is left out stays; `allowed_scopes` null, given, allows every scope again."""

    name: Short | None = None
    description: Text | None = None
    allowed_scopes: Annotated[list[Short], Field(max_length=1000)] | None = None
    blocked: bool | None = None


class CredentialIn(In):
    """Keys for one kind of environment; without a secret, add an authenticator to use them."""

    kind: Kind = Kind.PRODUCTION
    token_ttl_seconds: int | None = None
    with_secret: bool = True


class CredentialPatch(In):
    """What is left out stays. `introspects_all` lets the client ask about any token; the others
    demand that each new token is bound to a key (RFC 9449 §5.2, RFC 8705 §3.4)."""

    token_ttl_seconds: int | None = None
    introspects_all: bool | None = None
    dpop_bound_access_tokens: bool | None = None
    tls_client_certificate_bound_access_tokens: bool | None = None


class SecretIn(In):
    """One more secret; without `expires_in_days` it does not expire."""

    name: Short
    expires_in_days: Days | None = None


class TokenIn(In):
    """Scopes are separated by blanks; none asks for all that can be granted."""

    kind: Kind = Kind.PRODUCTION
    scope: Text | None = None


class RevocationIn(In):
    """An access token to revoke."""

    token: Annotated[str, Field(max_length=16_384)]


# Subscriptions, plans, environments


class SubscriptionIn(In):
    """`plan` by its name; Bronze when left out."""

    application: Short
    api: Short
    plan: Short | None = None


class SubscriptionPatch(In):
    """What is left out stays."""

    plan: Short | None = None
    blocked: bool | None = None
