"""The stores that the tests of this room run against: SQLite always, PostgreSQL where there is one.

PostgreSQL takes part where its programs are installed (a cluster of the tests' own), or when
GATEWRIGHT_TEST_POSTGRESQL_URL names a database.
"""

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest

from gatewright.domain.world import World
from gatewright.store.sql import migrate, open_store
from gatewright.store.sql.store import SqlStore

POSTGRESQL = os.environ.get("GATEWRIGHT_TEST_POSTGRESQL_URL")
PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None)
_numbers = itertools.count()
without_postgresql = pytest.mark.skipif(
    not POSTGRESQL and PROGRAMS is None, reason="PostgreSQL is not installed"
)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database: the one that is named, or a cluster on a unix socket of its own."""
    if POSTGRESQL or PROGRAMS is None:
        yield POSTGRESQL or ""
        return
    folder = Path(tempfile.mkdtemp(prefix="gatewright-pg-"))  # a short path, for the socket
    # As root, PostgreSQL refuses to run: Debian's package brings a user for it.
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    user = user if os.getuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres", "postgres")

    def run(program: str, *arguments: str) -> None:
        command = [*user, str(PROGRAMS.with_name(program)), "-D", f"{folder}/data", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)

    run("initdb", "--no-sync", "--auth=trust", "--username=gatewright", "--encoding=UTF8")
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    run("pg_ctl", "start", "--wait", "--log", f"{folder}/log", "--options", options)
    try:
        yield f"postgresql://gatewright@/postgres?host={folder}"
    finally:
        run("pg_ctl", "stop", "--mode=immediate")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def world() -> World:
    """A clock that moves one second with each look."""
    seconds = itertools.count()
    start = datetime(2030, 1, 1, tzinfo=UTC)
    return World(lambda: start + timedelta(seconds=next(seconds)), os.urandom)


@pytest.fixture(
    params=[
        pytest.param("sqlite", id="sqlite"),
        pytest.param("postgresql", id="postgresql", marks=without_postgresql),
    ]
)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of the test's own, without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/gatewright.db"
        return
    psycopg, postgresql = import_module("psycopg"), request.getfixturevalue("postgresql")
    schema = f"test_{os.getpid()}_{next(_numbers)}"
    joint = "&" if "?" in postgresql else "?"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        yield f"{postgresql}{joint}options=-csearch_path%3D{schema}"
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy, as making one anew takes its time."""
    path = tmp_path_factory.mktemp("migrated") / "gatewright.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def store(url: str, migrated: Path, tmp_path: Path, world: World) -> Iterator[SqlStore]:
    """A store on a migrated database, without rows."""
    if url.startswith("sqlite"):
        shutil.copy(migrated, tmp_path)
    else:
        migrate(url)
    store = open_store(url, world)
    yield store
    store.close()


@pytest.fixture
def sqlite_url(migrated: Path, tmp_path: Path) -> str:
    """A migrated SQLite database, for what is only true of SQLite."""
    return f"sqlite:///{shutil.copy(migrated, tmp_path)}"


@pytest.fixture
def sqlite_store(sqlite_url: str, world: World) -> Iterator[SqlStore]:
    """A store on `sqlite_url`."""
    store = open_store(sqlite_url, world)
    yield store
    store.close()
