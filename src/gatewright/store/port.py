"""What may be asked of a store, whatever database stands behind it.

A transaction offers one `Rows` for each noun, all with the same few verbs. Every write also
leaves a `Change`, in the same transaction, that other processes follow through a `Feed`.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from gatewright.domain.api import Api, Deployment, Revision
from gatewright.domain.api_key import ApiKey, ApiKeySigner
from gatewright.domain.application import Application
from gatewright.domain.audit import AuditRecord
from gatewright.domain.authenticator import Authenticator
from gatewright.domain.credential import Credential, Secret
from gatewright.domain.domain_name import DomainName
from gatewright.domain.environment import Environment
from gatewright.domain.idempotency import KeptAnswer
from gatewright.domain.key_manager import ExternalClient, FetchedKeySet, KeyManager
from gatewright.domain.observed import ApiFault, GatewayNode
from gatewright.domain.organization import Organization
from gatewright.domain.person import Login, User
from gatewright.domain.plan import Plan
from gatewright.domain.registration import InitialAccessToken, Registration
from gatewright.domain.subscription import Subscription
from gatewright.domain.token import RevokedToken, SigningKey, UsedProof
from gatewright.domain.usage import Mark, Point, Question, Series, Sum

T = TypeVar("T")


class Rows(Protocol[T]):
    """The rows of one noun. Keyword conditions are equalities; a tuple means any of its values."""

    def get(self, id: str) -> T | None:
        """The row of that id, or None."""

    def add(self, row: T) -> T:
        """Insert. Raises Conflict naming the field when a unique value is taken."""

    def replace(self, row: T) -> T:
        """Write over the row and return it with `revision` raised by one.

        Raises Stale unless the stored revision equals `row.revision`, NotFound when it is gone.
        """

    def remove(self, id: str) -> None:
        """Delete; nothing happens when it is gone."""

    def find(self, **conditions: object) -> list[T]:
        """All rows that meet the conditions, in the order of their ids (that of creation)."""

    def page(self, *, after: str | None, limit: int, **conditions: object) -> list[T]:
        """At most `limit` rows whose id is greater than `after`, in the order of their ids."""

    def count(self, **conditions: object) -> int:
        """How many rows meet the conditions."""


class Usage(Protocol):
    """What gateways counted. It is no noun: it leaves no changes, and is added to, not replaced."""

    def add(self, series: Iterable[Series], points: Iterable[Point]) -> None:
        """Count the points to what is there already; `series` are those they belong to."""

    def mark(self, node_id: str) -> Mark | None:
        """How far the counters of a gateway have been written."""

    def set_mark(self, mark: Mark) -> None:
        """Say how far they have been written, in the transaction that wrote them."""

    def sums(self, question: Question, *, offset: int, limit: int) -> list[Sum]:
        """The groups in the order of time and key, at most `limit` of them after `offset`."""

    def oldest(self, seconds: int, before: int) -> int | None:
        """The begin of the oldest period of that length that began before."""

    def lengthen(self, seconds: int, longer: int, start: int, limit: int) -> int:
        """Put points of the longer period that begins at `start` together; how many went.

        At most `limit` series at once. Their sums stay as they are.
        """

    def drop(self, before: int, limit: int) -> int:
        """Remove points that began before, at most `limit`; how many went."""

    def forget_series(self, limit: int) -> int:
        """Remove series that no point is left of; how many went."""


class Transaction(Protocol):
    """One consistent view; what it writes is in force together or not at all."""

    @property
    def organizations(self) -> Rows[Organization]: ...
    @property
    def environments(self) -> Rows[Environment]: ...
    @property
    def apis(self) -> Rows[Api]: ...
    @property
    def revisions(self) -> Rows[Revision]: ...
    @property
    def deployments(self) -> Rows[Deployment]: ...
    @property
    def plans(self) -> Rows[Plan]: ...
    @property
    def applications(self) -> Rows[Application]: ...
    @property
    def credentials(self) -> Rows[Credential]: ...
    @property
    def secrets(self) -> Rows[Secret]: ...
    @property
    def authenticators(self) -> Rows[Authenticator]: ...
    @property
    def subscriptions(self) -> Rows[Subscription]: ...
    @property
    def signing_keys(self) -> Rows[SigningKey]: ...
    @property
    def revoked_tokens(self) -> Rows[RevokedToken]: ...
    @property
    def used_proofs(self) -> Rows[UsedProof]: ...
    @property
    def key_managers(self) -> Rows[KeyManager]: ...
    @property
    def initial_access_tokens(self) -> Rows[InitialAccessToken]: ...
    @property
    def registrations(self) -> Rows[Registration]: ...
    @property
    def users(self) -> Rows[User]: ...
    @property
    def logins(self) -> Rows[Login]: ...
    @property
    def audit_records(self) -> Rows[AuditRecord]: ...
    @property
    def kept_answers(self) -> Rows[KeptAnswer]: ...
    @property
    def gateway_nodes(self) -> Rows[GatewayNode]: ...
    @property
    def api_faults(self) -> Rows[ApiFault]: ...
    @property
    def fetched_key_sets(self) -> Rows[FetchedKeySet]: ...
    @property
    def external_clients(self) -> Rows[ExternalClient]: ...
    @property
    def api_keys(self) -> Rows[ApiKey]: ...
    @property
    def api_key_signers(self) -> Rows[ApiKeySigner]: ...
    @property
    def domains(self) -> Rows[DomainName]: ...
    @property
    def usage(self) -> Usage: ...
    @property
    def sequence(self) -> int:
        """The sequence number of the newest change that this view includes; 0 when none."""


NOUNS = (
    "organizations", "environments", "apis", "revisions", "deployments", "plans", "applications",
    "credentials", "secrets", "authenticators", "subscriptions", "signing_keys", "revoked_tokens",
    "used_proofs", "key_managers", "initial_access_tokens", "registrations", "users", "logins",
    "audit_records", "kept_answers", "gateway_nodes", "api_faults", "fetched_key_sets",
    "external_clients", "api_keys", "api_key_signers", "domains",
)  # fmt: skip
WATCHED = frozenset(NOUNS) - {
    "used_proofs", "initial_access_tokens", "registrations",
    "users", "logins", "audit_records", "kept_answers", "gateway_nodes", "api_faults",
}  # fmt: skip
"""The nouns whose writes leave changes: the desired state that gateways and the STS follow."""


@dataclass(frozen=True, slots=True)
class Change:
    """One write to a watched noun. `sequence` grows; `noun` is an attribute of Transaction."""

    sequence: int
    noun: str
    id: str
    organization_id: str


class Feed(Protocol):
    """Follows the changes from one process. Not for use by two threads at once."""

    def changed(self) -> bool:
        """Whether anything may have been written since the last `take`; microseconds, no query."""

    def take(self) -> Sequence[Change] | None:
        """The changes since the last call, oldest first; None when some were pruned meanwhile
        and the follower has to read everything again."""

    @property
    def sequence(self) -> int:
        """The sequence number up to which changes were taken."""

    def close(self) -> None:
        """Release the connection."""


class Store(Protocol):
    """A database. Safe for use by several threads; each transaction belongs to one."""

    def read(self) -> AbstractContextManager[Transaction]:
        """A consistent view without writing. Raises Unavailable when the database is away."""

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that commits, durably, on leaving, and rolls back on an exception.

        Raises Unavailable when the database is away or stays locked for too long.
        """

    def feed(self) -> Feed:
        """A follower that starts at the newest change."""

    def close(self) -> None:
        """Release every connection."""
