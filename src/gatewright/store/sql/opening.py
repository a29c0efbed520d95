"""From a database URL to a store, and the schema's version on the way; migrations run here."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from gatewright.domain.errors import Invalid, Unavailable
from gatewright.domain.world import World
from gatewright.store.sql.backend import Backend, unavailable_when_away
from gatewright.store.sql.changes import CHANGES_KEPT
from gatewright.store.sql.dialects.postgresql import PostgresqlBackend
from gatewright.store.sql.dialects.sqlite import SqliteBackend
from gatewright.store.sql.migrations import NEWEST
from gatewright.store.sql.store import SqlStore


def open_store(url: str, world: World, *, changes_kept: int = CHANGES_KEPT) -> SqlStore:
    """The store at `url`, `sqlite:///<path>` (the path to the letter) or `postgresql://…`.

    Raises Unavailable when it is away or its schema is not that of this version, Invalid for
    a URL of another kind.
    """
    backend = _backend(url)
    try:
        with unavailable_when_away(), backend.reading.connect() as connection:
            version = _version(connection)
        _refuse_newer(version)
        if version < NEWEST:
            raise Unavailable(
                f"The database has schema {version}, this version needs {NEWEST}.",
                "database",
                "Start `gatewright up`, which brings it up to date.",
            )
    except BaseException:
        backend.close()
        raise
    return SqlStore(backend, world, changes_kept)


def migrate(url: str) -> tuple[int, int]:
    """Bring the schema up to date, making the database file where there is none.

    Returns the version before and after. One process migrates at a time, the others wait up to
    120 seconds. Raises Unavailable when the database is away, stays locked, or was written by a
    newer version; it then is as it was.
    """
    backend = _backend(url, migrating=True)
    try:
        with unavailable_when_away():
            with backend.reading.connect() as connection:
                version = _version(connection)
            if version < NEWEST:
                return _upgrade(backend)
            _refuse_newer(version)
            return version, version
    finally:
        backend.close()


def _upgrade(backend: Backend) -> tuple[int, int]:
    with backend.writing.begin() as connection:  # begins by taking the writers' lock
        before = _version(connection)
        _refuse_newer(before)
        if before < NEWEST:
            _run_alembic(connection)
            if not backend.check_references(connection):
                raise Unavailable(
                    "The migration would leave rows that refer to nothing.",
                    "database",
                    "It was taken back. Report it with the version you came from.",
                )
        return before, NEWEST


def _run_alembic(connection: Connection) -> None:
    # Imported here: its 0.1 s are spent only when there is something to migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _version(connection: Connection) -> int:
    if not inspect(connection).has_table("alembic_version"):
        return 0
    return int(connection.scalar(text("SELECT version_num FROM alembic_version")) or 0)


def _refuse_newer(version: int) -> None:
    if version > NEWEST:
        raise Unavailable(
            f"The database has schema {version}, written by a newer version of Gatewright; "
            f"this one knows up to {NEWEST}.",
            "database",
            "Install that newer version, or restore a backup from before.",
        )


def _backend(url: str, *, migrating: bool = False) -> Backend:
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE):
        # The rest is a path to the letter: a folder may well hold a % or a ?.
        return SqliteBackend(Path(url.removeprefix(_SQLITE)), migrating=migrating)
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            return PostgresqlBackend(parsed, migrating=migrating)
    except (ArgumentError, ValueError):
        pass  # its text may hold a password
    raise Invalid(
        "It is no URL of a database that Gatewright can use.",
        "database_url",
        "Use sqlite:///path/to/gatewright.db or postgresql://user@host/database.",
    ) from None


_SQLITE = "sqlite:///"
