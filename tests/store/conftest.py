"""The stores that the tests of this room run against: SQLite always, PostgreSQL where there is one.

PostgreSQL takes part when GATEWRIGHT_TEST_POSTGRESQL_URL names a database and psycopg is there.
"""

import itertools
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest

from gatewright.domain.world import World
from gatewright.store.sql import migrate, open_store
from gatewright.store.sql.store import SqlStore

POSTGRESQL = os.environ.get("GATEWRIGHT_TEST_POSTGRESQL_URL")
_numbers = itertools.count()
_without_postgresql = pytest.mark.skipif(not POSTGRESQL, reason="no PostgreSQL is named")


@pytest.fixture
def world() -> World:
    """A clock that moves one second with each look."""
    seconds = itertools.count()
    start = datetime(2030, 1, 1, tzinfo=UTC)
    return World(lambda: start + timedelta(seconds=next(seconds)), os.urandom)


@pytest.fixture(
    params=[
        pytest.param("sqlite", id="sqlite"),
        pytest.param("postgresql", id="postgresql", marks=_without_postgresql),
    ]
)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of the test's own, without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/gatewright.db"
        return
    psycopg = import_module("psycopg")
    schema = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        yield f"{POSTGRESQL}?options=-csearch_path%3D{schema}"
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
