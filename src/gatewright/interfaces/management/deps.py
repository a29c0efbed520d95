"""What the management API is made from; `main` puts it together."""

from collections.abc import Callable
from dataclasses import dataclass

from gatewright.control.desk import Addresses, Desk
from gatewright.control.fetch import Fetched, Fetcher
from gatewright.control.logins import Proven
from gatewright.control.ports import DeployCheck, EnsureKeys, KeyDesk, TokenDesk
from gatewright.crypto.keyring import Keyring
from gatewright.domain.errors import Unauthenticated
from gatewright.domain.world import World
from gatewright.observability.metrics import Totals
from gatewright.store.port import Store, Transaction

BASE = "/api/v1"


@dataclass(frozen=True)
class Deps:
    """`report` is told the request id and the exception of every unexpected error.

    `metrics` gives the numbers of all processes, and raises Unavailable. `key_fetcher` reads key
    sets and issuers' descriptions under narrower bounds than `fetcher`, which stands in for it.
    """

    store: Store
    world: World
    keyring: Keyring
    addresses: Addresses
    token_desk: TokenDesk
    deploy_check: DeployCheck
    ensure_keys: EnsureKeys
    key_desk: KeyDesk
    fetcher: Fetcher
    report: Callable[[str, BaseException], None]
    version: str
    metrics: Callable[[], Totals] = Totals
    key_fetcher: Fetcher | None = None

    @property
    def read_keys(self) -> Callable[[str], Fetched]:
        """Reads the document at an address where keys are, in little time."""
        return (self.key_fetcher or self.fetcher).read

    def desk(self, tx: Transaction, proven: Proven) -> Desk:
        """The desk of a proven person in this transaction. Raises Unauthenticated."""
        organization = tx.organizations.get(proven.user.organization_id)
        if organization is None:
            raise Unauthenticated("The organization is gone.", way_out="Sign in again.")
        return Desk(
            tx, self.world, self.keyring, self.addresses, organization, proven.user,
            self.deploy_check,
        )  # fmt: skip
