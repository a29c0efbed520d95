"""The schema: made, kept in step with the tables, and never run by a version it is too new for."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from gatewright.domain.errors import Invalid, Unavailable
from gatewright.domain.world import World
from gatewright.store.sql import migrate, migrations, open_store, opening
from gatewright.store.sql.nouns import BY_NAME
from gatewright.store.sql.schema import METADATA

SOURCE = Path(migrations.__file__).parents[4]


@contextmanager
def writing(url: str) -> Iterator[Connection]:
    backend = opening._backend(url)
    with backend.writing.begin() as connection:
        yield connection
    backend.close()


def test_a_new_database_is_made_and_a_current_one_left_alone(url: str, world: World) -> None:
    assert migrate(url) == (0, migrations.NEWEST)
    assert migrate(url) == (migrations.NEWEST, migrations.NEWEST)
    open_store(url, world).close()


def test_the_newest_version_is_that_of_the_files() -> None:
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert script.get_current_head() == str(migrations.NEWEST)


def test_the_schema_is_that_of_the_tables(url: str) -> None:
    usage = {"usage_series", "usage_points", "usage_marks"}
    assert set(BY_NAME) | {"changes"} | usage == set(METADATA.tables)
    migrate(url)
    with writing(url) as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []


def test_a_newer_database_is_refused_and_left_alone(url: str, world: World) -> None:
    migrate(url)
    with writing(url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '99'"))
    with pytest.raises(Unavailable, match="schema 99, written by a newer version"):
        migrate(url)
    with pytest.raises(Unavailable, match="newer version"):
        open_store(url, world)


def test_a_database_without_tables_is_not_opened(url: str, tmp_path: Path, world: World) -> None:
    (tmp_path / "gatewright.db").touch(0o600)
    with pytest.raises(Unavailable, match="schema 0, this version needs"):
        open_store(url, world)


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        run = opening._run_alembic

        def fail_at_the_end(connection: Connection) -> None:
            run(connection)
            raise KeyError

        patch.setattr(opening, "_run_alembic", fail_at_the_end)
        with pytest.raises(KeyError):
            migrate(url)
    assert migrate(url) == (0, migrations.NEWEST)


def test_a_migration_that_breaks_references_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/gatewright.db"
    with monkeypatch.context() as patch:
        run = opening._run_alembic

        def leave_an_orphan(connection: Connection) -> None:
            run(connection)
            connection.execute(
                text("INSERT INTO api_key_signers VALUES ('k', 'nobody', 'x', '', x'00', 0)")
            )

        patch.setattr(opening, "_run_alembic", leave_an_orphan)
        with pytest.raises(Unavailable, match="refer to nothing"):
            migrate(url)
    assert migrate(url) == (0, migrations.NEWEST)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("mysql://localhost/gatewright", id="another-database"),
        pytest.param("sqlite://", id="in-memory"),
        pytest.param("gatewright.db", id="a-path"),
        pytest.param("postgresql://u:hunter2@host:port/gatewright", id="broken"),
    ],
)
def test_a_url_of_another_kind_is_invalid(url: str, world: World) -> None:
    for attempt in (migrate, lambda url: open_store(url, world)):
        with pytest.raises(Invalid) as caught:
            attempt(url)
        assert caught.value.field == "database_url"
        assert "hunter2" not in str(caught.value)


@pytest.mark.real
def test_a_current_database_is_opened_without_alembic(sqlite_url: str) -> None:
    program = (
        "import sys; from gatewright.store.sql import migrate; migrate(sys.argv[1]);"
        "sys.exit('alembic' in sys.modules)"
    )
    command = [sys.executable, "-c", program, sqlite_url]
    subprocess.run(command, check=True, timeout=60, env={"PYTHONPATH": str(SOURCE)})


@pytest.mark.real
def test_of_processes_at_once_one_migrates(tmp_path: Path) -> None:
    program = (
        "import sys; from gatewright.store.sql import migrate; sys.exit(migrate(sys.argv[1])[0])"
    )
    command = [sys.executable, "-c", program, f"sqlite:///{tmp_path}/gatewright.db"]
    children = [subprocess.Popen(command, env={"PYTHONPATH": str(SOURCE)}) for _ in range(4)]
    assert sorted(child.wait(60) for child in children) == [
        0,
        migrations.NEWEST,
        migrations.NEWEST,
        migrations.NEWEST,
    ]
