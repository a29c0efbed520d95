"""Waiting for the gateways: whom it waits for, how long, and what it costs the database."""

import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gatewright.domain.observed import ABSENT_AFTER, GatewayNode
from gatewright.store.applied import Applied

NOW = datetime(2030, 1, 1, tzinfo=UTC)
NODE = GatewayNode("n", frozenset({"env_1", "env_2"}), True, NOW, "1.40.0", 5, "")
MINE = frozenset({"env_1"})


class Nodes:
    """A store of gateway nodes alone, that counts its reads."""

    def __init__(self, *nodes):
        self.nodes, self.reads = list(nodes), 0

    @contextmanager
    def read(self):
        self.reads += 1
        yield self

    @property
    def gateway_nodes(self):
        return self

    def find(self):
        return list(self.nodes)


def waited(nodes, sequence=6, patience=0.02):
    return Applied(nodes, lambda: NOW, patience).wait(MINE, sequence)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        pytest.param({}, False, id="behind"),
        pytest.param({"applied_sequence": 6}, True, id="reached"),
        pytest.param({"connected": False}, True, id="not connected"),
        pytest.param({"seen_at": NOW - ABSENT_AFTER}, True, id="not heard of lately"),
        pytest.param({"seen_at": NOW - ABSENT_AFTER + timedelta(seconds=1)}, False, id="just"),
        pytest.param({"environment_ids": frozenset({"env_2"})}, True, id="of others"),
    ],
)
def test_whom_it_waits_for(change, wanted):
    assert waited(Nodes(replace(NODE, **change))) is wanted


def test_one_that_is_behind_is_enough():
    assert not waited(Nodes(replace(NODE, applied_sequence=9), replace(NODE, id="m")))
    assert waited(Nodes())


def test_it_ends_as_soon_as_the_last_one_has_it():
    nodes = Nodes(NODE)
    timer = threading.Timer(
        0.05, lambda: nodes.nodes.__setitem__(0, replace(NODE, applied_sequence=6))
    )
    timer.start()
    assert waited(nodes, patience=10)
    timer.join()


def test_many_who_wait_share_the_reading():
    nodes = Nodes(NODE)
    applied = Applied(nodes, lambda: NOW, 0.3)
    threads = [threading.Thread(target=applied.wait, args=(MINE, 6)) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert nodes.reads < 0.3 / 0.005 + 2 * len(threads)


def test_what_was_read_before_it_began_is_of_no_use():
    nodes = Nodes(replace(NODE, applied_sequence=6))
    applied = Applied(nodes, lambda: NOW, 0.02)
    assert applied.wait(MINE, 6)
    nodes.nodes[0] = NODE
    assert not applied.wait(MINE, 6)
