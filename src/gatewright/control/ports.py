"""What control asks of the other engines; `main` hands the implementations in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from gatewright.control.findings import Finding
from gatewright.domain.api import Api, Definition
from gatewright.domain.application import Application
from gatewright.domain.credential import Credential
from gatewright.domain.environment import Environment, Kind
from gatewright.domain.organization import Organization
from gatewright.domain.token import SigningKey
from gatewright.store.port import Transaction


class DeployCheck(Protocol):
    """Whether the gateway can serve a definition; it writes nothing and does not wait."""

    def __call__(
        self,
        organization: Organization,
        api: Api,
        definition: Definition,
        environment: Environment,
        upstream: str,
        /,
    ) -> Sequence[Finding]:
        """What forbids serving it there; empty when nothing does."""


class TokenDesk(Protocol):
    """The token service, asked on behalf of a signed-in person. Uses transactions of its own."""

    def issue(
        self, application: Application, credential: Credential, scope: str | None
    ) -> Mapping[str, Any]:
        """The token response (RFC 6749 §5.1). Raises Invalid naming a scope it can not grant."""

    def revoke(self, organization: Organization, token: str, actor: str) -> bool:
        """Revoke an access token of that organization; False when it is none that lives.

        It writes the audit record, naming the user `actor`, together with the revocation.
        """


class EnsureKeys(Protocol):
    """Told that settings which signing keys depend on change in the caller's transaction."""

    def __call__(self, tx: Transaction, organization: Organization, /) -> object:
        """What follows for the keys happens soon after the commit; it writes nothing here."""


KeyRecord = Callable[[str, SigningKey, Mapping[str, str]], None]
"""Leaves the audit record of an action on a key, with its details."""


class KeyDesk(Protocol):
    """The token service, asked for signing keys; it writes in the caller's transaction."""

    def make(self, organization: Organization, kinds: Iterable[Kind]) -> Mapping[Kind, SigningKey]:
        """New keys, stored nowhere yet; needs time and no transaction. Raises Unavailable."""

    def announce(
        self,
        tx: Transaction,
        organization: Organization,
        made: Mapping[Kind, SigningKey],
        record: KeyRecord,
        *,
        now: bool,
    ) -> list[SigningKey]:
        """Publish them; with `now` they sign as soon as every connected gateway has them."""

    def replace_all(
        self,
        tx: Transaction,
        organization: Organization,
        made: Mapping[Kind, SigningKey],
        record: KeyRecord,
    ) -> list[SigningKey]:
        """Remove every key of these kinds at once, and publish the new ones."""

    def hurry(self) -> None:
        """Carry on, now that it is committed."""


def serves_everything(
    _organization: Organization,
    _api: Api,
    _definition: Definition,
    _environment: Environment,
    _upstream: str,
) -> Sequence[Finding]:
    """The check of an installation without gateway: nothing forbids anything."""
    return ()
