"""Several processes on one SQLite file: none loses a write, not even one that is killed."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.samples import ORGANIZATION, SAMPLES, add

from gatewright.store.mirror import Mirror
from gatewright.store.sql.store import SqlStore

pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]
KILLS = 5


def start(url: str, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.store.writer", url, name, str(count)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def counted(sqlite_store: SqlStore) -> SqlStore:
    """A store with the plan that the writers count in."""
    add(sqlite_store, "organizations", ORGANIZATION)
    add(sqlite_store, "plans", replace(SAMPLES["plans"], request_count=0))
    return sqlite_store


def written(store: SqlStore) -> set[str]:
    """The ids that the writers left; checks that no half of a transaction is there."""
    with store.read() as tx:
        ids = {item.id for item in tx.organizations.find()} - {ORGANIZATION.id}
        assert tx.plans.find()[0].request_count == len(ids)
    with store._backend.reading.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    return ids


def test_two_writers_at_once_lose_nothing(sqlite_url: str, counted: SqlStore) -> None:
    mirror = Mirror(counted, ["organizations", "plans"])
    children = [start(sqlite_url, name, 100) for name in ("a", "b")]
    told: set[str] = set()
    while any(child.poll() is None for child in children):
        if mirror.stale():
            told |= {item.id for item in mirror.refresh() if item.noun == "organizations"}
    told |= {item.id for item in mirror.refresh() if item.noun == "organizations"}
    acknowledged = {line for child in children for line in child.communicate()[0].split()}
    assert [child.returncode for child in children] == [0, 0]
    assert written(counted) == acknowledged == told
    assert len(acknowledged) == 200
    assert mirror.rows("plans")["plan_1"].request_count == 200
    mirror.close()


def test_a_killed_writer_loses_nothing_it_acknowledged(sqlite_url: str, counted: SqlStore) -> None:
    acknowledged: set[str] = set()
    for kill in range(KILLS):
        child = start(sqlite_url, f"k{kill}", 100_000)
        assert child.stdout
        lines = [child.stdout.readline() for _ in range(20 + kill * 7)]
        child.kill()
        # From the same reader as the lines: it may hold more of them already.
        with child.stdout:
            rest = child.stdout.read()
        assert child.wait(timeout=30) == -9
        # The pipe may end within a line: what was not said whole was not acknowledged.
        acknowledged |= {line.strip() for line in lines}
        acknowledged |= set(rest.split("\n")[:-1])
        ids = written(counted)
        assert acknowledged <= ids
        assert len(ids - acknowledged) <= kill + 1  # at most one commit each that was not said
    assert len(acknowledged) > KILLS * 20
