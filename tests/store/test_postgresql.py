"""What is only true of PostgreSQL: connections that are cut, and a driver that may be missing."""

import sys
from importlib import import_module

import pytest
from tests.store.conftest import without_postgresql
from tests.store.samples import add, organization, told

from gatewright.domain.errors import Unavailable
from gatewright.domain.world import World
from gatewright.store.sql import migrate, open_store


def test_a_missing_driver_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Unavailable, match="driver of PostgreSQL"):
        migrate("postgresql://nobody@127.0.0.1:1/none")


@without_postgresql
def test_a_server_that_is_away_is_unavailable(world: World) -> None:
    with pytest.raises(Unavailable) as caught:
        open_store("postgresql://nobody:hunter2@127.0.0.1:1/none", world)
    assert "hunter2" not in str(caught.value)


@without_postgresql
@pytest.mark.real
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_cut_connections_lose_nothing(url: str, world: World) -> None:
    migrate(url)
    store = open_store(url, world)
    feed = store.feed()
    add(store, "organizations", organization(1))
    with import_module("psycopg").connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = current_user AND pid <> pg_backend_pid()"
            " AND query LIKE ANY (ARRAY['LISTEN%', 'SELECT max%', 'COMMIT%', 'ROLLBACK%'])"
        )
    assert told(feed.changed)
    with pytest.raises(Unavailable):
        feed.take()
    assert feed.changed()
    add(store, "organizations", organization(2))
    assert [item.id for item in feed.take() or ()] == [organization(1).id, organization(2).id]
    assert not feed.changed()
    add(store, "organizations", organization(3))
    assert told(feed.changed)
    feed.close()
    store.close()
