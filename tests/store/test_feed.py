"""The feed of changes: complete, in order, only what is committed, and honest about gaps."""

from dataclasses import replace

import pytest
from tests.store.samples import ORGANIZATION, SAMPLES, add, audit_records, fill, organization, told

from gatewright.domain.world import World
from gatewright.store.port import NOUNS, WATCHED, Change, Store
from gatewright.store.sql import migrate, open_store


def test_it_starts_at_the_newest_change(store: Store) -> None:
    add(store, "organizations", organization(1))
    feed = store.feed()
    assert feed.sequence == 1
    assert feed.take() == []
    feed.close()


def test_every_write_of_a_watched_noun_is_told_and_no_other(store: Store) -> None:
    feed = store.feed()
    fill(store)
    told = feed.take()
    watched = [noun for noun in NOUNS if noun in WATCHED]
    assert told == [
        Change(number, noun, SAMPLES[noun].id, "org_1") for number, noun in enumerate(watched, 1)
    ]
    assert feed.sequence == len(watched)
    feed.close()


def test_replace_and_remove_are_told(store: Store) -> None:
    fill(store)
    feed = store.feed()
    start = feed.sequence
    with store.write() as tx:
        tx.environments.replace(SAMPLES["environments"])
    with store.write() as tx:
        tx.subscriptions.remove("sub_1")
        tx.subscriptions.remove("never there")
    assert feed.take() == [
        Change(start + 1, "environments", "env_1", "org_1"),
        Change(start + 2, "subscriptions", "sub_1", "org_1"),
    ]
    feed.close()


def test_only_what_is_committed_is_told_and_at_once(store: Store) -> None:
    feed = store.feed()
    with store.write() as tx:
        tx.organizations.add(organization(1))
        assert tx.sequence == 1
        assert feed.take() == []
    assert told(feed.changed)
    assert [item.id for item in feed.take() or ()] == [organization(1).id]
    assert not feed.changed()
    with pytest.raises(KeyError), store.write() as tx:
        tx.organizations.add(organization(2))
        raise KeyError
    assert feed.take() == []
    feed.close()


def test_writes_after_a_look_at_the_sequence_are_told_too(store: Store) -> None:
    feed = store.feed()
    with store.write() as tx:
        tx.organizations.add(organization(1))
        assert tx.sequence == 1
        tx.organizations.add(organization(2))
        assert tx.sequence == 2
    assert [item.sequence for item in feed.take() or ()] == [1, 2]
    feed.close()


def test_another_store_of_the_same_database_is_followed(
    store: Store, url: str, world: World
) -> None:
    other = open_store(url, world)
    feed = store.feed()
    add(other, "organizations", ORGANIZATION)
    assert told(feed.changed)
    assert [item.noun for item in feed.take() or ()] == ["organizations"]
    feed.close()
    other.close()


def test_unwatched_writes_leave_no_change(store: Store) -> None:
    feed = store.feed()
    add(store, "audit_records", *audit_records(range(3)))
    assert feed.take() == []
    assert feed.sequence == 0
    feed.close()


@pytest.mark.parametrize("start", [pytest.param(0, id="new"), pytest.param(1, id="at-one")])
def test_a_gap_is_told_once_and_the_table_stays_bounded(url: str, world: World, start: int) -> None:
    migrate(url)
    store = open_store(url, world, changes_kept=10)
    add(store, "organizations", *(organization(number) for number in range(start)))
    feed = store.feed()
    for block in range(1, 12):
        numbers = range(block * 100, block * 100 + 100)
        add(store, "organizations", *(organization(number) for number in numbers))
    assert feed.take() is None
    with store.read() as tx:
        assert feed.sequence == tx.sequence == 1100 + start
    assert feed.take() == []
    add(store, "organizations", replace(ORGANIZATION, id="last"))
    assert [item.id for item in feed.take() or ()] == ["last"]
    feed.close()
    store.close()


def test_sqlite_tells_at_once(sqlite_store: Store) -> None:
    feed = sqlite_store.feed()
    for number in range(100):
        assert not feed.changed()
        add(sqlite_store, "organizations", organization(number))
        assert feed.changed()
        assert len(feed.take() or ()) == 1
    feed.close()
