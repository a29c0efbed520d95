"""The store over SQL: its transactions, and when they begin and end; no dialect, no noun."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, RootTransaction
from sqlalchemy.exc import IntegrityError

from gatewright.domain.api import Api, Deployment, Revision
from gatewright.domain.application import Application
from gatewright.domain.audit import AuditRecord
from gatewright.domain.credential import Credential, Secret
from gatewright.domain.environment import Environment
from gatewright.domain.idempotency import KeptAnswer
from gatewright.domain.observed import ApiFault, GatewayNode
from gatewright.domain.organization import Organization
from gatewright.domain.person import Login, User
from gatewright.domain.plan import Plan
from gatewright.domain.subscription import Subscription
from gatewright.domain.token import RevokedToken, SigningKey
from gatewright.domain.world import World
from gatewright.store.port import Feed, Rows
from gatewright.store.sql.backend import Backend, conflict, unavailable_when_away
from gatewright.store.sql.changes import CHANGES_KEPT, ChangeLog
from gatewright.store.sql.nouns import BY_NAME
from gatewright.store.sql.rows import SqlRows
from gatewright.store.sql.usage import SqlUsage


class SqlTransaction:
    """The rows of every noun over one connection."""

    organizations: Rows[Organization]
    environments: Rows[Environment]
    apis: Rows[Api]
    revisions: Rows[Revision]
    deployments: Rows[Deployment]
    plans: Rows[Plan]
    applications: Rows[Application]
    credentials: Rows[Credential]
    secrets: Rows[Secret]
    subscriptions: Rows[Subscription]
    signing_keys: Rows[SigningKey]
    revoked_tokens: Rows[RevokedToken]
    users: Rows[User]
    logins: Rows[Login]
    audit_records: Rows[AuditRecord]
    kept_answers: Rows[KeptAnswer]
    gateway_nodes: Rows[GatewayNode]
    api_faults: Rows[ApiFault]

    def __init__(
        self, connection: Connection, backend: Backend, log: ChangeLog, *, writes: bool
    ) -> None:
        self._connection = connection
        self._backend = backend
        self._log = log
        self._writes = writes

    def __getattr__(self, name: str) -> Any:
        noun = BY_NAME.get(name)
        if noun is None:
            raise AttributeError(name)
        log = self._log if self._writes else None
        rows: SqlRows[Any] = SqlRows(noun, self._connection, self._backend, log)
        setattr(self, name, rows)  # the next use finds it without coming here
        return rows

    @property
    def usage(self) -> SqlUsage:
        """What gateways counted."""
        return SqlUsage(self._connection)

    @property
    def sequence(self) -> int:
        """The sequence number of the newest change that this view includes; 0 when none."""
        self._log.flush()
        return self._log.newest()


class SqlStore:
    """A database behind one backend. Safe for use by several threads."""

    def __init__(self, backend: Backend, world: World, changes_kept: int = CHANGES_KEPT) -> None:
        self._backend = backend
        self._world = world
        self._changes_kept = changes_kept

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        """A consistent view without writing. Raises Unavailable when the database is away."""
        with unavailable_when_away(), self._backend.reading.connect() as connection:
            yield SqlTransaction(connection, self._backend, self._log(connection), writes=False)

    @contextmanager
    def write(self) -> Iterator[SqlTransaction]:
        """A transaction that commits, durably, on leaving, and rolls back on an exception.

        Raises Unavailable when the database is away or stays locked for PATIENCE_SECONDS, and
        Conflict when at its end something refers to a row that does not exist.
        """
        with (
            unavailable_when_away(),
            self._backend.turn(),
            self._backend.writing.connect() as connection,
        ):
            log = self._log(connection)
            with connection.begin() as transaction:
                yield SqlTransaction(connection, self._backend, log, writes=True)
                log.flush()
                self._commit(connection, transaction)

    def feed(self) -> Feed:
        """A follower that starts at the newest change. Raises Unavailable."""
        return self._backend.feed()

    def close(self) -> None:
        """Release every connection."""
        self._backend.close()

    def _commit(self, connection: Connection, transaction: RootTransaction) -> None:
        try:
            transaction.commit()
        except BaseException as error:
            # SQLite leaves the transaction open when its commit fails, SQLAlchemy counts it as
            # ended: without a new connection the next writer would find itself within this one.
            connection.invalidate()
            if isinstance(error, IntegrityError):
                raise conflict(self._backend.broken(error)) from None
            raise

    def _log(self, connection: Connection) -> ChangeLog:
        return ChangeLog(connection, self._backend, self._world, self._changes_kept)
