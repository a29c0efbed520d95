"""Tokens of a key manager that are bound to a key, at a real Envoy with a real decision service."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.crypto.holder import Holder
from tests.gateway.conftest import PORT, World
from tests.gateway.keyed import Callers
from tests.gateway.proving import Service

pytestmark = pytest.mark.real
PATH = "/all/v1.0/read"
URL = f"http://127.0.0.1:{PORT}{PATH}"


@pytest.fixture(scope="module")
def proven(keyed: tuple[World, Callers]) -> Iterator[tuple[World, Callers]]:
    service = Service(Path(keyed[0].scene.proofs_socket))
    service.start()
    try:
        yield keyed
    finally:
        service.stop()


def send(world: World, token: str, holder: Holder, scheme: str = "DPoP", **changes: Any) -> Any:
    wanted = {"htm": "GET", "htu": URL, "access_token": token, **changes}
    headers = {"dpop": holder.proof(int(time.time()), **wanted)}
    return world.call(PATH, token, headers=headers, scheme=scheme)


def test_who_proves_the_key_is_let_in_as_the_linked_application(
    proven: tuple[World, Callers],
) -> None:
    world, callers = proven
    holder = Holder()
    token = callers.oidc.token(cnf={"jkt": holder.thumbprint})
    reply = send(world, token, holder)
    assert reply.status == 200, reply
    assert not [name for name in reply.json["headers"] if name.startswith("x-gw-")]
    stranger = callers.oidc.token("another", cnf={"jkt": holder.thumbprint})
    assert send(world, stranger, holder).json["code"] == "900908"
    weak = callers.oidc.token(scope="x", cnf={"jkt": holder.thumbprint})
    assert send(world, weak, holder).json["code"] == "900910"


def test_whoever_does_not_is_refused(proven: tuple[World, Callers]) -> None:
    world, callers = proven
    ours, other = Holder(), Holder(number=1)
    token = callers.oidc.token(cnf={"jkt": ours.thumbprint})
    assert world.call(PATH, token).status == 401
    assert world.call(PATH, token, scheme="DPoP").status == 401
    assert send(world, token, other).status == 401
    assert send(world, token, ours, scheme="Bearer").status == 401
    assert send(world, token, ours, htu=f"{URL}/other").status == 401
    assert send(world, token, ours, access_token="another").status == 401
    assert send(world, callers.oidc.token(), ours).status == 401


@pytest.mark.parametrize(
    "cnf", [{"x5t#S256": "x"}, {"kid": "x"}, {"jwk": {}}, {}, [], "x", {"jkt": ""}], ids=str
)
def test_a_confirmation_that_nobody_can_prove(proven: tuple[World, Callers], cnf: Any) -> None:
    world, callers = proven
    token = callers.oidc.token(cnf=cnf)
    for scheme in ("Bearer", "DPoP"):
        reply = send(world, token, Holder(), scheme)
        assert (reply.status, reply.json["code"]) == (401, "900901"), reply


def test_a_bound_token_elsewhere_than_in_authorization_is_nobodys(
    proven: tuple[World, Callers],
) -> None:
    world, callers = proven
    holder = Holder()
    token = callers.oidc.token(cnf={"jkt": holder.thumbprint})
    path = "/header/v1/any"
    proof = holder.proof(
        int(time.time()), htm="GET", htu=f"http://127.0.0.1:{PORT}{path}", access_token=token
    )
    headers = {"x-access": f"Bearer {token}", "dpop": proof}
    assert world.call(path, headers=headers).json["code"] == "900908"
    both = {**headers, "authorization": f"DPoP {token}"}
    assert world.call(path, headers=both).json["code"] == "900908"
