"""What is only true of SQLite: its version, its file, its pragmas, and how it is in trouble."""

import stat
import threading
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.store.samples import SAMPLES, add, audit_records, fill, organization

from gatewright.domain.errors import Unavailable
from gatewright.domain.world import World
from gatewright.store.sql import migrate, open_store
from gatewright.store.sql.dialects import sqlite
from gatewright.store.sql.migrations import NEWEST
from gatewright.store.sql.store import SqlStore


def pragma(engine: Engine, name: str) -> object:
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(find_spec("pysqlite3") is None, reason="the wheel is not installed")
def test_the_library_is_new_enough() -> None:
    """3.51.3 mends a race in which a reset WAL could corrupt the file."""
    assert sqlite.driver().__name__ == "pysqlite3.dbapi2"
    assert sqlite.driver().sqlite_version_info >= (3, 51, 3)


def test_without_the_wheel_the_library_of_python_serves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, world: World
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pysqlite3.dbapi2", None)
    assert sqlite.driver().__name__ == "sqlite3"
    url = f"sqlite:///{tmp_path}/gatewright.db"
    migrate(url)
    store = open_store(url, world)
    fill(store)
    with store.read() as tx:
        assert tx.apis.get("api_1") == SAMPLES["apis"]
    store.close()


@pytest.mark.parametrize(
    ("name", "reading", "writing"),
    [
        pytest.param("journal_mode", "wal", "wal", id="write-ahead-log"),
        pytest.param("synchronous", 2, 2, id="synchronous-full"),
        pytest.param("foreign_keys", 1, 1, id="references"),
        pytest.param("query_only", 1, 0, id="readers-can-not-write"),
        pytest.param("trusted_schema", 0, 0, id="schema-is-not-trusted"),
        pytest.param("busy_timeout", 10_000, 10_000, id="patience"),
    ],
)
def test_pragmas(sqlite_store: SqlStore, name: str, reading: object, writing: object) -> None:
    backend = sqlite_store._backend
    assert (pragma(backend.reading, name), pragma(backend.writing, name)) == (reading, writing)


def test_only_the_owner_may_read_the_files(sqlite_store: SqlStore, tmp_path: Path) -> None:
    add(sqlite_store, "organizations", organization(1))
    files = sorted(tmp_path.glob("gatewright.db*"))
    assert [path.suffix for path in files] == [".db", ".db-shm", ".db-wal"]
    assert {mode(path) for path in files} == {0o600}


def test_a_file_that_others_may_read_is_closed_to_them(
    sqlite_url: str, tmp_path: Path, world: World
) -> None:
    path = tmp_path / "gatewright.db"
    path.chmod(0o644)
    open_store(sqlite_url, world).close()
    assert mode(path) == 0o600


def test_a_missing_file_is_not_made_by_opening(tmp_path: Path, world: World) -> None:
    with pytest.raises(Unavailable, match="backup"):
        open_store(f"sqlite:///{tmp_path}/none.db", world)
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="can not be made"):
        migrate(f"sqlite:///{tmp_path}/none/gatewright.db")


@pytest.mark.parametrize(
    "opened", [pytest.param(True, id="open"), pytest.param(False, id="migrate")]
)
def test_a_file_of_another_kind_is_said(tmp_path: Path, world: World, opened: bool) -> None:
    path = tmp_path / "gatewright.db"
    path.write_bytes(b"not a database at all" * 1000)
    url = f"sqlite:///{path}"
    with pytest.raises(Unavailable, match="not a database"):
        open_store(url, world) if opened else migrate(url)
    assert path.read_bytes().startswith(b"not a database")


def test_a_path_with_special_characters(tmp_path: Path, world: World) -> None:
    folder = tmp_path / "a b#c%20é?mode=ro"
    folder.mkdir()
    url = f"sqlite:///{folder}/gatewright.db"
    assert migrate(url) == (0, NEWEST)
    open_store(url, world).close()
    assert (folder / "gatewright.db").exists()


def test_a_lock_held_too_long_is_unavailable(
    sqlite_url: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE_SECONDS", 0.05)
    one, other = open_store(sqlite_url, world), open_store(sqlite_url, world)
    with one.write() as tx:
        tx.organizations.add(organization(1))
        with pytest.raises(Unavailable, match="locked"), other.write():
            pass
        with other.read() as reader:
            assert reader.organizations.count() == 0
    add(other, "organizations", organization(2))
    with other.read() as reader:
        assert reader.organizations.count() == 2
    one.close()
    other.close()


def test_a_turn_that_does_not_come_is_unavailable(
    sqlite_url: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE_SECONDS", 0.05)
    store = open_store(sqlite_url, world)
    errors: list[Exception] = []

    def attempt() -> None:
        try:
            add(store, "organizations", organization(1))
        except Unavailable as error:
            errors.append(error)

    with store.write():
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join(5)
    assert len(errors) == 1
    attempt()
    assert len(errors) == 1
    store.close()


def test_a_full_disk_takes_the_transaction_back(sqlite_store: SqlStore) -> None:
    add(sqlite_store, "organizations", organization(1))
    writing = sqlite_store._backend.writing
    pages = pragma(writing, "page_count")
    pragma(writing, f"max_page_count = {pages}")
    with pytest.raises(Unavailable, match="full"):
        add(sqlite_store, "audit_records", *audit_records(range(10_000)))
    with sqlite_store.read() as tx:
        assert tx.audit_records.count() == 0
    pragma(writing, "max_page_count = 1000000")
    add(sqlite_store, "audit_records", *audit_records(range(10)))


def test_a_failure_shows_no_values(sqlite_store: SqlStore) -> None:
    with sqlite_store._backend.writing.begin() as connection:
        connection.exec_driver_sql("DROP TABLE secrets")
    with pytest.raises(Unavailable, match="no such table") as caught, sqlite_store.write() as tx:
        tx.secrets.add(SAMPLES["secrets"])
    assert "digest-1" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_threads_lose_nothing(sqlite_store: SqlStore) -> None:
    add(sqlite_store, "organizations", organization(0))
    fill_plan = replace(SAMPLES["plans"], organization_id=organization(0).id, request_count=0)
    add(sqlite_store, "plans", fill_plan)
    seen: list[int] = []

    def count_up(thread: int) -> None:
        for number in range(20):
            with sqlite_store.write() as tx:
                plan = tx.plans.find()[0]
                tx.plans.replace(replace(plan, request_count=(plan.request_count or 0) + 1))
                tx.organizations.add(organization(1 + thread * 100 + number))
            with sqlite_store.read() as tx:
                assert tx.plans.find()[0].request_count == tx.organizations.count() - 1
            seen.append(number)

    threads = [threading.Thread(target=count_up, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(seen) == 120
    with sqlite_store.read() as tx:
        assert tx.plans.find()[0].request_count == 120
        assert tx.organizations.count() == 121


def test_the_feed_says_so_when_the_database_fails(sqlite_store: SqlStore) -> None:
    feed = sqlite_store.feed()
    with sqlite_store._backend.writing.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE changes RENAME TO gone")
    assert feed.changed()
    for _ in range(2):
        with pytest.raises(Unavailable, match="no such table"):
            feed.take()
        assert feed.changed()
    feed.close()
    assert feed.changed()
    with pytest.raises(Unavailable):
        sqlite_store.feed()
