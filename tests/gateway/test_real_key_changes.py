"""Changed key managers, clients and keys at a real Envoy: in force at once, nobody else hurt."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.gateway.callers import Outside, access, key_pair
from tests.gateway.conftest import PORT, World
from tests.gateway.keyed import Callers
from tests.gateway.real import Load, call

from gatewright.domain.api import Access

pytestmark = pytest.mark.real
ANY = "/all/v1/any"
Keyed = tuple[World, Callers]


@contextmanager
def calling(path: str, make: Callable[[], dict[str, str]]) -> Iterator[list[Any]]:
    """Calls with these headers until left; the answers that are no 200."""
    failures: list[Any] = []
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            reply = call(PORT, path, headers=make())
            if reply.status != 200:
                failures.append(reply)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield failures
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_an_issuers_rotated_keys(keyed: Keyed) -> None:
    world, callers = keyed
    new = Outside("lists", key_pair("kid_new"))
    before = callers.lists.token(None, cid="portal")
    after = new.token(None, cid="portal")
    assert world.call(ANY, after).status == 401
    both = json.dumps({"keys": [*json.loads(callers.lists.jwks)["keys"],
                                *json.loads(new.jwks)["keys"]]})  # fmt: skip
    row = callers.lists.fetched(both)
    world.in_force(world.scene.put("fetched_key_sets", row))
    assert world.call(ANY, before).status == world.call(ANY, after).status == 200
    world.in_force(world.scene.put("fetched_key_sets", replace(row, jwks=new.jwks)))
    assert world.call(ANY, before).status == 401
    assert world.call(ANY, after).status == 200
    away = replace(row, jwks=new.jwks, failure="it is away")
    world.in_force(world.scene.put("fetched_key_sets", away))
    assert world.call(ANY, after).status == 200


def test_the_switch_of_a_key_manager(keyed: Keyed) -> None:
    world, callers = keyed
    row = world.scene.tables["key_managers"][callers.oidc.id]
    token = callers.oidc.token()
    for change, status in (
        ({"enabled": False}, 401), ({}, 200), ({"api_access": False}, 401), ({}, 200),
        ({"environments": frozenset({"env_development"})}, 401), ({}, 200),
        ({"client_claim": "sub"}, 403), ({}, 200),
        ({"audiences": frozenset({"x"})}, 401), ({}, 200),
    ):  # fmt: skip
        world.in_force(world.scene.put("key_managers", replace(row, **change)))
        assert world.call(ANY, token).status == status, change


def test_a_changed_role_acts_on_tokens_already_out(keyed: Keyed) -> None:
    world, callers = keyed
    row = world.scene.tables["key_managers"][callers.oidc.id]
    token = callers.oidc.token(scope=None, realm_access={"roles": ["Reader"]})
    assert world.call("/all/v1/read", token).status == 403
    mapped = {**row.role_scopes, "Reader": "urn:default:all:books:read"}
    world.in_force(world.scene.put("key_managers", replace(row, role_scopes=mapped)))
    assert world.call("/all/v1/read", token).status == 200
    world.in_force(world.scene.put("key_managers", row))
    assert world.call("/all/v1/read", token).status == 403


def test_an_unlinked_client_and_a_revoked_key(keyed: Keyed) -> None:
    world, callers = keyed
    link = callers.oidc.client("portal", "reader")
    world.in_force(world.scene.drop("external_clients", link.id))
    assert world.call(ANY, callers.oidc.token()).json["code"] == "900908"
    world.in_force(
        world.scene.put("external_clients", replace(link, application_id="app_stranger"))
    )
    assert world.call(ANY, callers.oidc.token()).json["code"] == "900908"
    world.in_force(world.scene.put("external_clients", link))
    assert world.call(ANY, callers.oidc.token()).status == 200
    headers = {"api-key": callers.production.api_key("key_later")}
    assert world.call("/keyed/v1/any", headers=headers).status == 200
    row = world.scene.tables["api_keys"]["key_later"]
    world.in_force(world.scene.put("api_keys", replace(row, revoked_at=row.created_at)))
    assert world.call("/keyed/v1/any", headers=headers).json["code"] == "900908"


def test_another_header_is_in_force_without_a_refused_call(keyed: Keyed) -> None:
    world, _ = keyed
    token = world.token()
    sent = {"authorization": f"Bearer {token}", "x-one": f"Bearer {token}",
            "x-two": f"Bearer {token}"}  # fmt: skip
    with calling(ANY, lambda: sent) as failures:
        for header in ("x-one", "x-two", "authorization", "x-one", "authorization"):
            world.in_force(*access(world.scene, "all", Access(token_header=header)))
            alone = world.call(ANY, headers={header: f"Bearer {token}"})
            assert alone.status == 200, (header, alone)
    assert failures == []


def test_a_key_manager_with_nonsense_for_keys_hurts_nobody(keyed: Keyed) -> None:
    world, callers = keyed
    nonsense = ['{"keys":[]}', "{", '{"keys":[{"kty":"EC","crv":"P-256","x":"!","y":"?"}]}',
                '{"keys":[{"kty":"RSA","n":"AA","e":"AA"}]}']  # fmt: skip
    broken = Outside("broken")
    with Load(PORT, (ANY, ANY), world.token()) as load:
        for text in nonsense:
            world.in_force(world.scene.put("key_managers", broken.row(jwks=text)))
            assert world.call(ANY, broken.token()).status == 401
            assert world.call(ANY, callers.oidc.token()).status == 200
        world.in_force(world.scene.put("key_managers", broken.row()))
        assert world.call(ANY, broken.token()).json["code"] == "900908"
        world.in_force(world.scene.drop("key_managers", broken.id))
        assert world.call(ANY, broken.token()).status == 401
    assert load.failures == []
