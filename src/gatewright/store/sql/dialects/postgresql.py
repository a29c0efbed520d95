"""PostgreSQL as the store's database: how it is reached, locked and followed, by psycopg 3.

It knows neither nouns nor statements. Writers take one advisory lock, so that the order of the
changes is that of their commits, as on SQLite, and no transaction fails for another one's sake.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from types import ModuleType
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import Constraint

from gatewright.domain.errors import Unavailable
from gatewright.store.port import Change
from gatewright.store.sql.backend import MIGRATION_PATIENCE_SECONDS, PATIENCE_SECONDS, Turn, away
from gatewright.store.sql.changes import SINCE, continued
from gatewright.store.sql.schema import METADATA

WRITERS_LOCK = 0x6761_7465_7772_6967
CHANNEL = "gatewright_changes"
_READERS_KEPT, _READERS_MORE = 8, 32


def driver() -> ModuleType:
    """psycopg 3. Raises Unavailable when it is not installed."""
    try:
        return import_module("psycopg")
    except ImportError:
        raise Unavailable(
            "The driver of PostgreSQL is not installed.",
            "database",
            "Install gatewright[postgresql].",
        ) from None


class PostgresqlBackend:
    """One database, or one schema of it by the URL's `options=-csearch_path=…`."""

    def __init__(self, url: URL, *, migrating: bool = False) -> None:
        self._driver = driver()
        self._url = url.set(drivername="postgresql+psycopg")
        patience = MIGRATION_PATIENCE_SECONDS if migrating else PATIENCE_SECONDS
        self._turn = Turn(patience)
        self.reading = self._engine(
            _READERS_KEPT, _READERS_MORE, "REPEATABLE READ", {"postgresql_readonly": True}
        )
        # Not a stricter level: its snapshot would be taken before the wait for the lock.
        self.writing = self._engine(1, 0, "READ COMMITTED", {})

        @event.listens_for(self.writing, "begin")
        def take_writers_lock(connection: Connection) -> None:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{int(patience)}s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")

    def turn(self) -> AbstractContextManager[None]:
        """The turn to write; between processes the advisory lock keeps it."""
        return self._turn.taken()

    def savepoint(self, connection: Connection) -> AbstractContextManager[object]:
        """One: a statement that fails would otherwise end the transaction."""
        return connection.begin_nested()

    def broken(self, error: IntegrityError) -> Constraint | None:
        """The constraint that PostgreSQL names; None for a reference."""
        diagnostic = getattr(error.orig, "diag", None)
        name = getattr(diagnostic, "constraint_name", None)
        for table in METADATA.tables.values():
            for constraint in table.constraints:
                if constraint.name == name and not getattr(constraint, "elements", None):
                    return constraint
        return None

    def announce(self, connection: Connection) -> None:
        """Notify the followers when the transaction commits."""
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")

    def feed(self) -> "PostgresqlFeed":
        """A follower with a connection of its own. Raises Unavailable."""
        return PostgresqlFeed(self._driver, self._url)

    def check_references(self, connection: Connection) -> bool:
        """True: PostgreSQL does not let go of them."""
        return True

    def close(self) -> None:
        """Release every connection."""
        self.reading.dispose()
        self.writing.dispose()

    def _engine(self, kept: int, more: int, level: Any, options: dict[str, Any]) -> Engine:
        return create_engine(
            self._url,
            isolation_level=level,
            execution_options=options,
            pool_size=kept,
            max_overflow=more,
            pool_timeout=PATIENCE_SECONDS,
            pool_pre_ping=True,
            pool_use_lifo=True,
            hide_parameters=True,
            connect_args={"connect_timeout": int(PATIENCE_SECONDS)},
        )


class PostgresqlFeed:
    """Follows the changes by LISTEN; after a lost connection it goes on where it stood."""

    def __init__(self, psycopg: ModuleType, url: URL) -> None:
        self._psycopg = psycopg
        plain = url.set(drivername="postgresql")
        self._conninfo = plain.render_as_string(hide_password=False)
        self._told = False
        try:
            self._connection = self._listen()
            self.sequence = self._newest()
        except psycopg.Error as error:
            raise away(_reason(error)) from None

    def changed(self) -> bool:
        """Whether a notification came since the last `take`; True when that can not be told."""
        try:
            channel = self._connection.pgconn
            channel.consume_input()
            while channel.notifies():
                self._told = True
        except self._psycopg.Error:
            self._told = True
        return self._told

    def take(self) -> Sequence[Change] | None:
        """The changes since the last call; None when some were pruned. Raises Unavailable."""
        try:
            if self._connection.broken or self._connection.closed:
                self._connection = self._listen()
            self.changed()  # takes what came so far off the socket
            self._told = False
            query = f"{SINCE} %s ORDER BY sequence"
            rows = self._connection.execute(query, (self.sequence,)).fetchall()
            newest = rows[-1][0] if rows else self._newest()
        except self._psycopg.Error as error:
            self._told = True
            raise away(_reason(error)) from None
        since, self.sequence = self.sequence, newest
        return continued(rows, since)

    def close(self) -> None:
        """Release the connection."""
        self._connection.close()

    def _listen(self) -> Any:
        connection = self._psycopg.connect(
            self._conninfo, autocommit=True, connect_timeout=int(PATIENCE_SECONDS)
        )
        connection.add_notify_handler(self._note)
        connection.execute(f"LISTEN {CHANNEL}")
        return connection

    def _note(self, _notification: object) -> None:
        self._told = True

    def _newest(self) -> int:
        (newest,) = self._connection.execute("SELECT max(sequence) FROM changes").fetchone()
        return newest or 0


def _reason(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
