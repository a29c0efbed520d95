"""What a grant gives back: a value. Only the pipeline turns it into a token."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from gatewright.sts.issuer import Issuer
from gatewright.sts.proof import Single
from gatewright.sts.records import Client
from gatewright.sts.request import Form
from gatewright.sts.state import State

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Authorization(NamedTuple):
    """Who the token is about, and limits that narrow it further; None limits nothing.

    A grant can only take away: the pipeline still bounds scopes by the client's own rights and
    the lifetime by the credential's. `claims` are further members of the token, such as `act`;
    `issued_token_type` is told by token exchange alone (RFC 8693 §2.2.1). `targets` are asked for
    beside the resources of the form; `audience_limit` is the `aud` that the new one stays within.
    """

    subject: str
    scope_limit: frozenset[str] | None = None
    lifetime_seconds_max: int | None = None
    audience_limit: frozenset[str] | None = None
    targets: tuple[str, ...] = ()
    claims: Mapping[str, Any] = _NOTHING
    issued_token_type: str | None = None
    singles: tuple[Single, ...] = ()


class Asked(NamedTuple):
    """What a grant may look at: the view of the store, the issuer, the client and its form.

    `confirmation` is the `cnf` that the new token will have: the key that the request proved.
    """

    state: State
    issuer: Issuer
    client: Client
    form: Form
    confirmation: Mapping[str, str] = _NOTHING


class Grant(Protocol):
    """A grant module. `public_clients` tells whether clients without a secret may use it."""

    @property
    def grant_type(self) -> str:
        """The parameter's value."""

    @property
    def public_clients(self) -> bool:
        """Whether a client that proves nothing may use it."""

    def authorize(self, asked: Asked, /) -> Authorization:
        """Read the grant's own parameters. Raises InvalidRequest, InvalidGrant or KeysNeeded."""
