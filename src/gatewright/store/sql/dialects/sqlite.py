"""SQLite as the store's database: how its file is made and opened, locked, followed and trusted.

It knows neither nouns nor statements. One rule of SQLite shapes it: closing any descriptor of
the database file drops this process's locks on it, so the file is never opened by other means.
"""

import os
import stat
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import Constraint, PrimaryKeyConstraint, UniqueConstraint

from gatewright.domain.errors import Unavailable
from gatewright.store.port import Change
from gatewright.store.sql.backend import MIGRATION_PATIENCE_SECONDS, PATIENCE_SECONDS, Turn, away
from gatewright.store.sql.changes import SINCE, continued
from gatewright.store.sql.schema import METADATA

WAL_BYTES_KEPT = 64 * 1024 * 1024
_READERS_KEPT, _READERS_MORE = 16, 112


def driver() -> ModuleType:
    """The newest SQLite there is: that of the wheel, else that of Python itself."""
    try:
        import pysqlite3.dbapi2 as newest
    except ImportError:  # no wheel for this system
        import sqlite3 as newest
    module: ModuleType = newest
    return module


class SqliteBackend:
    """One database file in WAL mode, every commit on the disk before it is reported."""

    def __init__(self, path: Path, *, migrating: bool = False) -> None:
        self._path = path.absolute()
        self._driver = driver()
        self._migrating = migrating
        self._patience = MIGRATION_PATIENCE_SECONDS if migrating else PATIENCE_SECONDS
        self._turn = Turn(self._patience)
        if migrating:
            self._make_file()
        self._check_mode()
        self.reading = self._engine("BEGIN", _READERS_KEPT, _READERS_MORE, "query_only = ON")
        self.writing = self._engine("BEGIN IMMEDIATE", 1, 0, "query_only = OFF")

    def turn(self) -> AbstractContextManager[None]:
        """The turn to write; between processes SQLite polls, up to its busy timeout."""
        return self._turn.taken()

    def savepoint(self, connection: Connection) -> AbstractContextManager[object]:
        """None: here a statement that fails leaves the transaction as it was."""
        return nullcontext(connection)

    def broken(self, error: IntegrityError) -> Constraint | None:
        """The constraint that SQLite names by its columns."""
        _, _, columns = str(error.orig).partition("UNIQUE constraint failed: ")
        return _constraints().get(columns)

    def announce(self, connection: Connection) -> None:
        """Nothing: followers see each commit by `PRAGMA data_version`."""

    def feed(self) -> "SqliteFeed":
        """A follower with a connection of its own. Raises Unavailable."""
        try:
            connection = self.open("query_only = ON")
        except self._driver.Error as error:
            raise away(str(error)) from None
        try:
            return SqliteFeed(connection, self._driver.Error)
        except self._driver.Error as error:
            connection.close()
            raise away(str(error)) from None

    def check_references(self, connection: Connection) -> bool:
        """Whether every reference holds."""
        return connection.exec_driver_sql("PRAGMA foreign_key_check").first() is None

    def close(self) -> None:
        """Release every connection."""
        self.reading.dispose()
        self.writing.dispose()

    def open(self, access: str) -> Any:
        """A raw connection that never makes the file. Raises the driver's errors."""
        connection = self._driver.connect(
            f"{self._path.as_uri()}?mode=rw",
            uri=True,
            timeout=self._patience,
            isolation_level=None,  # transactions begin when we say so
            check_same_thread=False,  # the pool hands a connection to one thread at a time
            cached_statements=256,
        )
        try:
            self._set_up(connection, access)
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_up(self, connection: Any, access: str) -> None:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise self._driver.OperationalError(f"its folder allows no WAL, only {mode}")
        for pragma in (
            "synchronous = FULL",
            "fullfsync = ON",  # macOS: fsync alone leaves the data in the drive's cache
            f"foreign_keys = {'OFF' if self._migrating else 'ON'}",
            "trusted_schema = OFF",
            f"journal_size_limit = {WAL_BYTES_KEPT}",
            access,
        ):
            connection.execute(f"PRAGMA {pragma}")

    def _engine(self, begin: str, kept: int, more: int, access: str) -> Engine:
        engine = create_engine(
            "sqlite+pysqlite://",
            module=self._driver,
            creator=lambda: self.open(access),
            poolclass=QueuePool,
            pool_size=kept,
            max_overflow=more,
            pool_timeout=self._patience,
            pool_use_lifo=True,
            hide_parameters=True,
        )

        @event.listens_for(engine, "begin")
        def begin_transaction(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    def _make_file(self) -> None:
        try:
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return
        except OSError as error:
            raise away(f"{self._path} can not be made ({error.strerror})") from None

    def _check_mode(self) -> None:
        try:
            mode = self._path.stat().st_mode
            if stat.S_IMODE(mode) & 0o077:
                self._path.chmod(0o600)
        except OSError as error:
            raise Unavailable(
                f"The database {self._path} can not be used: {error.strerror}.",
                "database",
                "Restore it from your backup, or give it to the user Gatewright runs as.",
            ) from None


class SqliteFeed:
    """Follows the changes by `PRAGMA data_version`, which tells of other connections' commits."""

    def __init__(self, connection: Any, errors: type[Exception]) -> None:
        self._connection = connection
        self._errors = errors
        self._asking = connection.cursor()  # kept, as each request asks
        self._seen = self._data_version()
        self.sequence = self._newest()

    def changed(self) -> bool:
        """Whether anything was committed since the last `take`; True when that can not be told."""
        try:
            return self._data_version() != self._seen
        except self._errors:
            return True

    def take(self) -> Sequence[Change] | None:
        """The changes since the last call; None when some were pruned. Raises Unavailable."""
        try:
            seen = self._data_version()  # before reading: what comes in between is seen twice
            rows = self._connection.execute(
                f"{SINCE} ? ORDER BY sequence", (self.sequence,)
            ).fetchall()
            newest = rows[-1][0] if rows else self._newest()
        except self._errors as error:
            raise away(str(error)) from None
        since, self.sequence, self._seen = self.sequence, newest, seen
        return continued(rows, since)

    def close(self) -> None:
        """Release the connection."""
        self._connection.close()

    def _data_version(self) -> int:
        return int(self._asking.execute("PRAGMA data_version").fetchone()[0])

    def _newest(self) -> int:
        (newest,) = self._connection.execute("SELECT max(sequence) FROM changes").fetchone()
        return newest or 0


def _constraints() -> dict[str, Constraint]:
    return {
        ", ".join(f"{table.name}.{column.name}" for column in constraint.columns): constraint
        for table in METADATA.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint)
    }
