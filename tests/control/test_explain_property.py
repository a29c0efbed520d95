"""For random APIs, subscriptions and credentials, the explanation decides as the design does.

What is drawn, and the ten lines that decide, are those that a real Envoy is held to.
"""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.control.test_explain import ORDER, Asked
from tests.gateway.real import Tokens, signing_keys
from tests.gateway.scene import Scene
from tests.gateway.test_property_access import APPLICATIONS, GUESTS, HOUSES, Town, decide

SCENE = {
    "environments": {"production": 22080, "development": 22081},
    "applications": {name: {} for name in APPLICATIONS},
    "revoked": ["revoked-1"],
}


class Paper(Asked):
    """Stands where the gateway stands in Town: what is in force is stored, calls are explained."""

    def __init__(self, folder, keys):
        scene = Scene(SCENE, keys)
        super().__init__(folder, scene)
        self.token = Tokens(keys, "http://127.0.0.1:22080")

    def in_force(self, *changes):
        ranked = sorted(changes, key=lambda item: ORDER.index(item.noun))
        with self.store.write() as tx:
            for item in ranked:
                rows = getattr(tx, item.noun)
                known = rows.get(item.id)
                if known is None:
                    rows.add(item.after)
                elif known != item.after:
                    rows.replace(replace(item.after, revision=getattr(known, "revision", 1)))

    def call(self, path, headers):
        ((name, value),) = headers.items() or (("authorization", ""),)
        found = self(path, f"{name}: {value}" if value else "")
        return SimpleNamespace(status=found.status, json={"code": found.code})


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    keys = signing_keys()
    paper = Paper(tmp_path_factory.mktemp("paper"), keys)
    made = Town(paper, keys)
    made.settle()
    yield made
    paper.store.close()


@settings(
    max_examples=40, deadline=None, database=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(house=HOUSES, guests=st.lists(GUESTS, min_size=5, max_size=10))
def test_it_decides_as_the_design_says(town, house, guests):
    handle = town.build(house)
    for guest in guests:
        for number, door in enumerate(house.doors):
            seen, wanted = town.call(handle, number, guest), decide(house, door, guest)
            assert seen == wanted, (house.access, house.standing, door, guest)
