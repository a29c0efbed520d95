"""The real Envoy refuses what was revoked, by whichever list it is in, and never forgets it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.gateway.conftest import PORT, World
from tests.gateway.real import Load, eventually, listening
from tests.gateway.test_denylist import jtis

from gatewright.gateway import denylist

pytestmark = pytest.mark.real
OK = "/books/v1.0/books"
SUBJECT = "client_reader_production.1"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(denylist, "RECENT_MAX", 5)
    yield 5


def refused(world: World, token: str) -> bool:
    reply = world.call(OK, token)
    if reply.status == 200:
        return False
    assert (reply.status, reply.json["code"]) == (401, "900901")
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]
    assert "revoked" in reply.json["description"]
    return True


def test_a_subject_ends_every_token_of_that_generation_alone(world: World) -> None:
    old, next_one = world.token(), world.token(gwk="client_reader_production.2")
    assert not refused(world, old)
    row = world.scene.tables["credentials"]["cred_reader_production"]
    world.in_force(
        world.scene.put("credentials", replace(row, generation=2)), world.scene.revoke(SUBJECT)
    )
    assert refused(world, old)
    assert world.call(OK, next_one).status == 200
    world.scene.put("credentials", row)
    world.in_force(world.scene.put("credentials", row), world.scene.drop("revoked_tokens", SUBJECT))


def test_tokens_stay_refused_through_many_merges_and_no_other_call_fails(
    world: World, small: int
) -> None:
    doomed = jtis(60, seed=3)
    good = world.token("stranger")
    world.in_force(world.scene.subscribe("stranger", "books", "Unlimited"))
    with Load(PORT, (OK,), good) as load:
        for count, jti in enumerate(doomed):
            world.in_force(world.scene.revoke(jti))
            if count % 6 == 5:
                for known in doomed[: count + 1 : 5]:
                    assert refused(world, world.token(jti=known))
    assert load.failures == []
    assert all(refused(world, world.token(jti=jti)) for jti in doomed)


def test_the_settled_are_refused_from_the_first_answer_of_a_new_envoy(world: World) -> None:
    doomed = jtis(60, seed=3)
    world.gateway.kill_envoy()
    world.gateway.start_envoy()
    eventually(lambda: listening(PORT))
    for _ in range(50):
        reply = world.call(OK, world.token(jti=doomed[0]))
        assert reply.status == 401
    assert world.call(OK, world.token("stranger")).status == 200


def test_a_control_plane_that_was_killed_brings_no_revoked_token_back(world: World) -> None:
    gateway, token, kept = world.gateway, world.token(), world.gateway.folder / "snapshot.bin"
    gateway.stop_control()
    before = kept.read_bytes()
    gateway.start_control()
    world.in_force(world.scene.revoke("jti-of-the-last-second"))
    doomed = world.token(jti="jti-of-the-last-second")
    assert refused(world, doomed)
    gateway.stop_control()
    kept.write_bytes(before)  # as if it had been killed before it wrote another
    try:
        eventually(lambda: not gateway.is_connected())
        gateway.start_control(store=False)
        eventually(gateway.is_connected, 30)
        for _ in range(300):
            assert refused(world, doomed)
        assert world.call(OK, token).status == 200
    finally:
        gateway.stop_control()
        gateway.start_control()
    world.in_force(world.scene.revoke("jti-of-the-next"))
    assert refused(world, world.token(jti="jti-of-the-next"))


def test_a_subject_that_has_settled_is_still_refused(world: World, small: int) -> None:
    world.in_force(*(world.scene.revoke(f"client_other.{number}") for number in range(small + 1)))
    world.in_force(world.scene.revoke(SUBJECT))
    world.in_force(*(world.scene.revoke(f"client_more.{number}") for number in range(small)))
    assert refused(world, world.token())
