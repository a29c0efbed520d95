"""The mirror: what it holds is what the store holds, also after the database was away."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from tests.store.samples import SAMPLES, add, audit_records, fill, organization, settled, told

from gatewright.domain.errors import Unavailable
from gatewright.domain.world import World
from gatewright.store.mirror import Difference, Mirror
from gatewright.store.port import Feed, Store, Transaction
from gatewright.store.sql import open_store


class Fragile:
    """A store that can be away for reading, while its feed goes on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.away = False

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        if self.away:
            raise Unavailable("away")
        with self._store.read() as tx:
            yield tx

    def feed(self) -> Feed:
        return self._store.feed()

    write = None
    close = None


def test_it_starts_whole(store: Store) -> None:
    fill(store)
    mirror = Mirror(store, ["apis", "plans"])
    assert mirror.rows("apis") == {"api_1": SAMPLES["apis"]}
    assert mirror.rows("plans") == {"plan_1": SAMPLES["plans"]}
    with store.read() as tx:
        assert mirror.sequence == tx.sequence
    assert settled(mirror)
    mirror.close()


def test_it_tells_what_differs_in_the_order_written(store: Store) -> None:
    fill(store)
    mirror = Mirror(store, ["organizations", "environments"])
    one, two = organization(1), organization(2)
    add(store, "organizations", two, one)
    with store.write() as tx:
        changed = tx.environments.replace(replace(SAMPLES["environments"], name="New"))
        tx.organizations.remove(two.id)
        tx.plans.replace(SAMPLES["plans"])  # not mirrored
    assert told(mirror.stale)
    assert mirror.refresh() == [
        Difference("organizations", one.id, None, one),
        Difference("environments", "env_1", SAMPLES["environments"], changed),
    ]
    assert mirror.rows("environments")["env_1"] == changed
    assert settled(mirror)
    with store.write() as tx:
        tx.organizations.remove(one.id)
    assert mirror.refresh() == [Difference("organizations", one.id, one, None)]
    with store.read() as tx:
        assert mirror.sequence == tx.sequence
    mirror.close()


def test_unwatched_writes_change_nothing(store: Store) -> None:
    mirror = Mirror(store, ["organizations"])
    add(store, "audit_records", *audit_records(range(2)))
    assert mirror.refresh() == []
    mirror.close()


def test_what_was_taken_is_not_lost_when_the_database_goes_away(store: Store) -> None:
    fragile = Fragile(store)
    mirror = Mirror(fragile, ["organizations"])  # type: ignore[arg-type]
    add(store, "organizations", organization(1))
    fragile.away = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            mirror.refresh()
        assert mirror.stale()
        assert not mirror.rows("organizations")
        assert mirror.sequence == 0
    add(store, "organizations", organization(2))
    fragile.away = False
    assert [item.id for item in mirror.refresh()] == [organization(1).id, organization(2).id]
    assert mirror.sequence == 2
    assert settled(mirror)
    mirror.close()


def test_a_gap_reloads_whole_also_when_the_database_goes_away(
    store: Store, url: str, world: World
) -> None:
    forgetful = open_store(url, world, changes_kept=10)
    fragile = Fragile(store)
    add(store, "organizations", organization(9000), organization(9001))
    mirror = Mirror(fragile, ["organizations"])  # type: ignore[arg-type]
    with forgetful.write() as tx:
        tx.organizations.remove(organization(9000).id)
        tx.organizations.replace(organization(9001))
    add(forgetful, "organizations", *(organization(number) for number in range(1100)))
    fragile.away = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            mirror.refresh()
        assert mirror.stale()
    assert len(mirror.rows("organizations")) == 2
    fragile.away = False
    differences = mirror.refresh()
    assert len(differences) == 1102
    assert differences[0].after is None
    with store.read() as tx:
        assert dict(mirror.rows("organizations")) == {
            item.id: item for item in tx.organizations.find()
        }
        assert mirror.sequence == tx.sequence
    assert settled(mirror)
    mirror.close()
    forgetful.close()
