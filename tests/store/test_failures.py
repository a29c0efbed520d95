"""Failure on purpose: whatever statement fails, nothing of the transaction stays."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import event
from tests.store.samples import SAMPLES, fill

from gatewright.domain.errors import Conflict
from gatewright.store.port import NOUNS, Transaction
from gatewright.store.sql.store import SqlStore


class Struck(Exception):
    """The failure."""


@contextmanager
def failing_at(store: SqlStore, number: int) -> Iterator[Callable[[], int]]:
    """Let the n-th statement of a writer fail; gives how many there were."""
    statements = 0

    def strike(*_: object) -> None:
        nonlocal statements
        statements += 1
        if statements == number:
            raise Struck

    engine = store._backend.writing
    event.listen(engine, "before_cursor_execute", strike)
    try:
        yield lambda: statements
    finally:
        event.remove(engine, "before_cursor_execute", strike)


def everything(tx: Transaction) -> dict[str, object]:
    return {noun: getattr(tx, noun).find() for noun in NOUNS} | {"sequence": tx.sequence}


def rework(store: SqlStore) -> None:
    """A transaction with every verb."""
    with store.write() as tx:
        tx.subscriptions.remove("sub_1")
        api = tx.apis.replace(SAMPLES["apis"])
        tx.revisions.add(replace(SAMPLES["revisions"], id="rev_2", number=4))
        tx.deployments.replace(replace(SAMPLES["deployments"], revision_id="rev_2"))
        tx.apis.replace(replace(api, name="Again"))
        tx.audit_records.add(replace(SAMPLES["audit_records"], id="aud_2"))


def test_the_nth_statement_fails(store: SqlStore) -> None:
    fill(store)
    feed = store.feed()
    with store.read() as tx:
        before = everything(tx)
    for number in range(1, 100):
        with failing_at(store, number) as statements:
            try:
                rework(store)
            except Struck:
                pass
            else:
                assert statements() < number
                break
        with store.read() as tx:
            assert everything(tx) == before
        assert feed.take() == []
    else:
        pytest.fail("it never went through")
    assert number > 8
    with store.read() as tx:
        assert tx.apis.find()[0].name == "Again"
    assert [item.noun for item in feed.take() or ()] == [
        "subscriptions", "apis", "revisions", "deployments",
    ]  # fmt: skip
    feed.close()


def test_the_commit_fails(store: SqlStore) -> None:
    fill(store)
    with store.read() as tx:
        before = everything(tx)
    engine = store._backend.writing

    def strike(_: object) -> None:
        raise Struck

    event.listen(engine, "commit", strike)
    with pytest.raises(Struck):
        rework(store)
    event.remove(engine, "commit", strike)
    with store.read() as tx:
        assert everything(tx) == before
    rework(store)


def test_a_commit_that_is_refused_leaves_the_next_writer_alone(store: SqlStore) -> None:
    fill(store)
    for _ in range(3):
        with pytest.raises(Conflict), store.write() as tx:
            tx.plans.remove("plan_1")
    rework(store)
