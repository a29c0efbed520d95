"""What a grant gives back: a value. Only the pipeline turns it into a token."""

from dataclasses import dataclass
from typing import Protocol

from gatewright.sts.records import Client
from gatewright.sts.request import Form


@dataclass(frozen=True, slots=True)
class Authorization:
    """Who the token is about, and limits that narrow it further; None limits nothing.

    A grant can only take away: the pipeline still bounds scopes by the client's own rights and
    the lifetime by the credential's.
    """

    subject: str
    scope_limit: frozenset[str] | None = None
    lifetime_seconds_max: int | None = None


class Grant(Protocol):
    """A grant module. `public_clients` tells whether clients without a secret may use it."""

    @property
    def grant_type(self) -> str:
        """The parameter's value."""

    @property
    def public_clients(self) -> bool:
        """Whether a client that proves nothing may use it."""

    def authorize(self, client: Client, form: Form) -> Authorization:
        """Read the grant's own parameters. Raises InvalidRequest or InvalidGrant."""
