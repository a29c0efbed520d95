"""Each committed audit record is told, and no other."""

import pytest
from tests.store.samples import SAMPLES, fill

from gatewright.observability.events import Audited
from gatewright.store.port import Store
from gatewright.store.told import ToldStore


@pytest.fixture
def told(store: Store):
    events: list[Audited] = []
    return ToldStore(store, events.append), events


def test_a_committed_record_is_told_and_stored(told) -> None:
    store, events = told
    fill(store)
    record = SAMPLES["audit_records"]
    assert events == [
        Audited(record.organization_id, record.actor, record.action, record.subject, record.detail)
    ]
    with store.read() as tx:
        assert tx.audit_records.find() == [record]


def test_what_was_rolled_back_is_not_told(told) -> None:
    store, events = told
    with pytest.raises(RuntimeError, match="no"), store.write() as tx:
        tx.audit_records.add(SAMPLES["audit_records"])
        raise RuntimeError("no")
    assert not events
    with store.read() as tx:
        assert not tx.audit_records.find()


def test_the_rest_passes_through(told) -> None:
    store, events = told
    with store.write() as tx:
        tx.organizations.add(SAMPLES["organizations"])
        assert tx.sequence == 1
        assert tx.audit_records.count() == 0
    feed = store.feed()
    assert feed.sequence == 1
    feed.close()
    assert not events
