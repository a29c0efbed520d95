"""Changes come into force, and only they; nothing that goes wrong takes a served API away."""

import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from tests.gateway.conftest import PORT, World
from tests.gateway.real import Load, eventually, listening

from gatewright.gateway.observed import Observations
from gatewright.gateway.snapshot import Update
from gatewright.gateway.xds import names

pytestmark = pytest.mark.real
OK = "/books/v1.0/books"


def test_subscribe_and_unsubscribe_act_on_a_token_already_out(world: World) -> None:
    token = world.token("stranger")
    assert world.call(OK, token).status == 403
    world.in_force(world.scene.subscribe("stranger", "books", "Unlimited"))
    assert world.call(OK, token).status == 200
    world.in_force(world.scene.drop("subscriptions", "sub_stranger_books_1"))
    assert world.call(OK, token).status == 403


@pytest.mark.parametrize(
    ("noun", "id", "change", "code"),
    [
        pytest.param(
            "subscriptions", "sub_reader_books_1", {"blocked": True}, "900907", id="subscription"
        ),
        pytest.param("applications", "app_reader", {"blocked": True}, "900907", id="application"),
        pytest.param(
            "credentials", "cred_reader_production", {"generation": 2}, "900908", id="generation"
        ),
    ],
)
def test_a_block_acts_at_once_and_can_be_taken_back(
    world: World, noun: str, id: str, change: dict[str, Any], code: str
) -> None:
    token, row = world.token(), world.scene.tables[noun][id]
    assert world.call(OK, token).status == 200
    world.in_force(world.scene.put(noun, replace(row, **change)))
    reply = world.call(OK, token)
    assert (reply.status, reply.json["code"]) == (403, code)
    world.in_force(world.scene.put(noun, row))
    assert world.call(OK, token).status == 200


def test_revocation_acts_at_once_on_that_token_alone(world: World) -> None:
    token, other = world.token(jti="doomed"), world.token()
    assert world.call(OK, token).status == 200
    world.in_force(world.scene.revoke("doomed"))
    assert world.call(OK, token).status == 401
    assert world.call(OK, other).status == 200


def test_a_report_that_waits_for_the_database_holds_up_no_change(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What gateways report needs the writers' lock, which others may hold for long."""
    waiting, go_on = threading.Event(), threading.Event()
    write = Observations.write

    def wait_and_write(*arguments: Any) -> bool:
        waiting.set()
        go_on.wait(20)
        return write(*arguments)

    monkeypatch.setattr(Observations, "write", wait_and_write)
    token = world.token("stranger")
    try:
        assert waiting.wait(5)
        world.gateway.add(world.scene.subscribe("stranger", "books", "Unlimited"))
        eventually(lambda: world.call(OK, token).status == 200)
        assert not go_on.is_set()
    finally:
        go_on.set()
        world.in_force(world.scene.drop("subscriptions", "sub_stranger_books_1"))


def test_a_change_of_one_api_sends_that_api_alone(world: World) -> None:
    sent: list[tuple[str, list[str]]] = []
    snapshot = _snapshot(world)
    unwatch = snapshot.watch(lambda kind, which, mark: sent.append((kind, which)))
    world.in_force(world.scene.subscribe("stranger", "dead", "Bronze"))
    unwatch()
    assert sent == [(names.ROUTES, ["env_production/api_dead_v1.0"])]


def test_states_come_into_force(world: World) -> None:
    row = world.scene.tables["apis"]["api_books_v1.0"]
    for state, status in (("BLOCKED", 503), ("PUBLISHED", 200), ("RETIRED", 404)):
        world.in_force(world.scene.put("apis", replace(row, state=type(row.state)(state))))
        assert world.call(OK, world.token()).status == status
    world.in_force(world.scene.put("apis", row))
    assert world.call(OK, world.token()).status == 200


def test_a_refused_api_keeps_its_last_good_form_and_the_reason_is_kept(world: World) -> None:
    name = "env_production/api_books_v1.0"
    snapshot, before = _snapshot(world), _snapshot(world).resources[names.ROUTES][name]
    message = world.gateway.messages.unpack(names.ROUTES, before.body)
    message["virtual_hosts"][0]["routes"][0]["match"] = {"safe_regex": {"regex": "(("}}
    bad = world.gateway.messages.pack(message)
    world.gateway.on_loop(lambda: snapshot.update([Update(names.ROUTES, name, bad)], snapshot.mark))
    eventually(lambda: any("missing )" in item.reason for item in world.gateway.faults()))
    (fault,) = world.gateway.faults()
    assert (fault.api_id, fault.environment_id) == ("api_books_v1.0", "env_production")
    assert fault.serving
    assert world.call(OK, world.token()).status == 200
    assert snapshot.resources[names.ROUTES][name] == before
    world.in_force(world.scene.subscribe("stranger", "books", "Unlimited"))
    eventually(lambda: not world.gateway.faults())
    world.in_force(world.scene.drop("subscriptions", "sub_stranger_books_1"))


def test_two_hundred_pushes_and_a_new_minor_version_fail_no_call(world: World) -> None:
    operations = {"GET /books": ["books:read"]}
    upstream = "http://127.0.0.1:22099/base"
    token = world.token()
    with Load(PORT, (OK, "/books/v1/books"), token) as load:
        eventually(lambda: load.calls > 20)
        for number in range(100):
            calls, plan = load.calls, "Unlimited" if number % 2 else "Bronze"
            world.gateway.add(world.scene.subscribe("stranger", "books", plan))
            version = {"version": "v1.1", "upstream": upstream}
            world.gateway.add(
                *world.scene.api("books", {**operations, f"GET /x{number}": "any"}, **version)
            )
            eventually(lambda: load.calls >= calls + 5)  # noqa: B023
        sequence = world.gateway.add(world.scene.subscribe("stranger", "books", "Bronze"))
        eventually(lambda: world.gateway.applied() >= sequence)
        assert world.call("/books/v1/x99", token).status == 200
        world.in_force(world.scene.drop("deployments", "dep_books_v1.1_production"))
        assert world.call("/books/v1/x99", token).status == 404
        calls = load.calls
        eventually(lambda: load.calls > calls + 50)
    assert load.failures == []
    assert load.calls > 500


def test_envoy_comes_back_by_itself_while_the_control_plane_is_away(world: World) -> None:
    gateway = world.gateway
    gateway.stop_control()
    assert world.call(OK, world.token()).status == 200
    seconds = gateway.start_control(store=False)
    assert seconds < 1
    gateway.kill_envoy()
    gateway.start_envoy()
    eventually(lambda: listening(PORT))
    assert world.call(OK, world.token()).status == 200
    assert world.call(OK, world.token(jti="revoked-1")).status == 401
    gateway.stop_control()
    gateway.start_control()
    world.in_force(world.scene.subscribe("stranger", "books", "Unlimited"))
    assert world.call(OK, world.token("stranger")).status == 200


def test_a_killed_envoy_serves_again_within_a_second(world: World) -> None:
    world.gateway.kill_envoy()
    start = time.perf_counter()
    world.gateway.start_envoy()
    eventually(lambda: listening(PORT))
    assert world.call(OK, world.token()).status == 200
    assert time.perf_counter() - start < 1.5


def test_an_address_whose_api_is_missing_keeps_nobody_waiting(world: World) -> None:
    snapshot, message = _snapshot(world), world.gateway.messages
    fragments = ("env_production", "lost", "v1")
    lost = {
        "@type": names.SCOPE,
        "name": "env_production/lost/v1",
        "route_configuration_name": "env_production/api_lost",
        "key": {"fragments": [{"string_key": item} for item in fragments]},
    }
    after = (names.ROUTES, "env_production/api_lost")
    update = Update(names.SCOPE, "env_production/lost/v1", message.pack(lost), after)
    world.gateway.on_loop(lambda: snapshot.update([update], snapshot.mark))
    world.gateway.kill_envoy()
    world.gateway.start_envoy()
    eventually(lambda: listening(PORT))
    assert world.call(OK, world.token()).status == 200
    reply = world.call("/lost/v1/a", world.token())
    assert (reply.status, reply.json["code"]) == (404, "404")


def _snapshot(world: World) -> Any:
    assert world.gateway.snapshot is not None
    return world.gateway.snapshot
