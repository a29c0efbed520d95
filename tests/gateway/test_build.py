"""Compiling change by change ends where compiling everything would; faults stay where they are."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gateway.scene import Scene

from gatewright.domain.lifecycle import State
from gatewright.gateway.descriptors import load_messages
from gatewright.gateway.desired import Desired
from gatewright.gateway.snapshot import Snapshot
from gatewright.gateway.xds import names
from gatewright.store.mirror import Difference

MESSAGES = load_messages()
OPERATIONS = {"GET /a": ["s"], "POST /a": "any"}


def scene() -> Scene:
    return Scene(
        {
            "environments": {"production": 8080, "development": 8081},
            "apis": [
                {"handle": "a", "operations": OPERATIONS, "deploy": ("production", "development")},
                {"handle": "a", "version": "v1.1", "operations": OPERATIONS},
                {"handle": "b", "operations": OPERATIONS, "upstream": "http://other.test"},
            ],
            "applications": {"x": {"a": "Bronze"}, "y": {"a": "Unlimited", "b": "Tiny"}},
        }
    )


def contents(snapshot: Snapshot) -> dict[tuple[str, str], bytes]:
    return {
        (kind, name): item.body
        for kind, found in snapshot.resources.items()
        for name, item in found.items()
        if not name.startswith("revoked-")
    }


def random_changes(desired: Scene, chance: random.Random) -> list[Difference]:  # noqa: C901
    """One transaction's worth."""
    tables = desired.tables

    def pick(noun: str) -> Any:
        return chance.choice(list(tables[noun].values()))

    match chance.randrange(10):
        case 0:
            application, api = chance.choice("xy"), chance.choice("ab")
            return [desired.subscribe(application, api, chance.choice(["Bronze", "Tiny"]))]
        case 1 if tables["subscriptions"]:
            return [desired.drop("subscriptions", pick("subscriptions").id)]
        case 2:
            row = pick("applications")
            return [desired.put("applications", replace(row, blocked=not row.blocked))]
        case 3:
            row = pick("credentials")
            return [desired.put("credentials", replace(row, generation=row.generation + 1))]
        case 4 if tables["apis"]:
            row = pick("apis")
            return [desired.put("apis", replace(row, state=chance.choice(list(State))))]
        case 5 if tables["deployments"]:
            return [desired.drop("deployments", pick("deployments").id)]
        case 6:
            version, upstream = chance.choice(["v1.0", "v1.1", "v1.2", "v2.0"]), "http://u.test"
            return desired.api(chance.choice("ab"), OPERATIONS, version=version, upstream=upstream)
        case 7:
            row = tables["plans"]["plan_Bronze"]
            count = chance.choice([10, 20, None])
            return [desired.put("plans", replace(row, request_count=count))]
        case 8 if tables["apis"]:
            row = pick("apis")
            gone = [item for item in tables["deployments"].values() if item.api_id == row.id]
            drops = [("deployments", item.id) for item in gone] + [("apis", row.id)]
            chance.shuffle(drops)
            return [desired.drop(noun, id) for noun, id in drops]
        case 9 if tables["apis"]:
            row = pick("apis")
            context = chance.choice(["/a", "/b", "/c"])
            return [desired.put("apis", replace(row, context=context))]
    return []


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_change_by_change_is_the_same_as_all_at_once(seed: int) -> None:
    chance, desired = random.Random(seed), scene()
    build, snapshot = desired.build(), Snapshot()
    snapshot.update(build.everything(), 1)
    for mark in range(2, 25):
        changes = random_changes(desired, chance)
        if chance.random() < 0.3:
            changes += random_changes(desired, chance)
        snapshot.update(build.changes(_last_of_each(changes)), mark)
    fresh = desired.build()
    expected = Snapshot()
    expected.update(fresh.everything(), 1)
    assert build.faults == fresh.faults
    faulty = {f"{item.environment_id}/{item.api_id}" for item in build.faults.values()}
    ours = {key: body for key, body in contents(snapshot).items() if _sound(key, faulty)}
    theirs = {key: body for key, body in contents(expected).items() if _sound(key, faulty)}
    assert ours == theirs


def _last_of_each(changes: list[Difference]) -> list[Difference]:
    """A mirror reports each row once, from before all changes to after."""
    merged: dict[tuple[str, str], Difference] = {}
    for item in changes:
        first = merged.get((item.noun, item.id))
        before = first.before if first else item.before
        merged[item.noun, item.id] = Difference(item.noun, item.id, before, item.after)
    return list(merged.values())


def _sound(key: tuple[str, str], faulty: set[str]) -> bool:
    """What a faulty API leaves behind, its routes and its cluster, stays on purpose."""
    kind, name = key
    return name not in faulty and not (faulty and kind == names.CLUSTER)


def test_one_change_touches_one_api() -> None:
    desired = scene()
    build = desired.build()
    build.everything()
    updates = build.changes([desired.subscribe("x", "b", "Bronze")])
    names_of = {(item.kind, item.name) for item in updates if item.kind != names.CLUSTER}
    assert names_of == {(names.ROUTES, "env_production/api_b_v1.0")}


def test_a_broken_api_is_left_out_with_its_reason_and_the_rest_is_served() -> None:
    desired = scene()
    desired.drop("revisions", "rev_b_v1.0_1")
    build = desired.build()
    updates = {(item.kind, item.name) for item in build.everything()}
    assert (names.ROUTES, "env_production/api_b_v1.0") not in updates
    assert (names.ROUTES, "env_production/api_a_v1.0") in updates
    (fault,) = build.faults.values()
    assert fault.api_id == "api_b_v1.0"
    assert "missing" in fault.reason


def test_what_broke_keeps_its_last_good_form_and_mending_clears_the_fault() -> None:
    desired = scene()
    build = desired.build()
    build.everything()
    row = desired.tables["apis"]["api_b_v1.0"]
    broken = build.changes([desired.put("apis", replace(row, context="/a"))])
    assert not [item for item in broken if item.kind == names.ROUTES and item.body is None]
    assert set(build.faults) == {"api_b_v1.0/env_production"}
    build.changes([desired.put("apis", row)])
    assert not build.faults


def test_a_new_key_touches_the_filter_and_closes_no_connection() -> None:
    desired = scene()
    build, snapshot = desired.build(), Snapshot()
    snapshot.update(build.everything(), 1)
    before = contents(snapshot)
    key = desired.tables["signing_keys"]["kid_production"]
    text = key.public_jwk.replace("kid_production", "kid_new")
    change = desired.put("signing_keys", replace(key, id="kid_new", public_jwk=text))
    snapshot.update(build.changes([change]), 2)
    after = contents(snapshot)
    assert {key for key in after if after[key] != before.get(key)} == {
        (names.EXTENSION, "access-token/env_production")
    }


def test_a_key_that_is_no_json_leaves_the_front_door_as_it_was() -> None:
    desired = scene()
    build = desired.build()
    build.everything()
    key = desired.tables["signing_keys"]["kid_production"]
    change = desired.put("signing_keys", replace(key, id="kid_bad", public_jwk="{"))
    assert build.changes([change]) == []
    assert list(build.closed_environments) == ["env_production"]
    build.changes([desired.drop("signing_keys", "kid_bad")])
    assert not build.closed_environments


def test_an_environment_that_goes_takes_its_front_door_along() -> None:
    desired = scene()
    build, snapshot = desired.build(), Snapshot()
    snapshot.update(build.everything(), 1)
    gone = [desired.drop("deployments", "dep_a_v1.0_development")]
    gone.append(desired.drop("environments", "env_development"))
    snapshot.update(build.changes(gone), 2)
    assert not [key for key in contents(snapshot) if "env_development" in key[1]]


def test_the_same_desired_state_gives_the_same_bytes() -> None:
    assert contents(scene().snapshot()) == contents(scene().snapshot())


@pytest.mark.parametrize(
    ("older", "newer", "alias"),
    [
        pytest.param("PUBLISHED", "CREATED", "v1.0", id="listed before newer"),
        pytest.param("DEPRECATED", "CREATED", "v1.0", id="deprecated is listed"),
        pytest.param("BLOCKED", "CREATED", "v1.0", id="blocked stays blocked"),
        pytest.param("CREATED", "CREATED", "v1.1", id="newest when none is listed"),
        pytest.param("PUBLISHED", "PRE-RELEASED", "v1.1", id="newest listed"),
        pytest.param("RETIRED", "CREATED", "v1.1", id="a retired one is none"),
    ],
)
def test_an_alias_goes_to_the_newest_listed_version(older: str, newer: str, alias: str) -> None:
    apis = [
        {"handle": "a", "operations": OPERATIONS, "version": version, "state": state}
        for version, state in (("v1.0", older), ("v1.1", newer))
    ]
    for order in (apis, apis[::-1]):
        occupant = Desired(Scene({"apis": order})).occupant(("env_production", "/a", "v1"))
        assert occupant is not None
        assert occupant.api_id == f"api_a_{alias}"
