"""Tokens that are bound to a key (RFC 9449) at a real Envoy with a real decision service."""

import base64
import hashlib
import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.crypto.holder import Holder, b64
from tests.gateway.conftest import PORT, World
from tests.gateway.proving import SUBJECT, Bound, Service
from tests.gateway.real import eventually, told

pytestmark = pytest.mark.real
PATH = "/books/v1.0/books"
GATEWAY = f"http://127.0.0.1:{PORT}"


@dataclass
class Scenery:
    """The gateway with its decision service, a holder of a key, and another."""

    world: World
    service: Service
    bound: Bound
    ours: Holder
    other: Holder


@pytest.fixture(scope="module")
def scenery(world: World) -> Iterator[Scenery]:
    service = Service(Path(world.scene.proofs_socket))
    service.start()
    bound = Bound(world.token, GATEWAY, PATH)
    try:
        yield Scenery(world, service, bound, Holder(), Holder(number=1))
    finally:
        service.stop()


def send(path: str, *headers: tuple[str, str], method: str = "GET") -> tuple[int, Any, str]:
    """Status, body and challenge of a call with these header lines."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    return told(connection, method, path, headers)


def prove(scenery: Scenery, token: str = "", scheme: str = "DPoP", **changes: Any) -> Any:
    """A call with a proof in which something is changed."""
    token = token or scenery.bound.token(scenery.ours)
    made = scenery.bound.proof(scenery.ours, token, **changes)
    return send(PATH, ("Authorization", f"{scheme} {token}"), ("DPoP", made))


def test_a_bound_token_is_no_bearer_token(scenery: Scenery) -> None:
    token = scenery.bound.token(scenery.ours)
    status, body, challenge = send(PATH, ("Authorization", f"Bearer {token}"))
    assert (status, body["code"]) == (401, "900901")
    assert challenge.startswith('DPoP realm="gatewright", error="invalid_token"')
    assert 'algs="ES256 ' in challenge
    assert challenge.endswith(
        f', resource_metadata="{GATEWAY}/.well-known/oauth-protected-resource/books/v1.0"'
    )


def test_its_holder_is_let_in_and_nothing_of_it_reaches_the_upstream(scenery: Scenery) -> None:
    status, body, _ = prove(scenery)
    assert status == 200
    assert not any(
        name.startswith("x-gw-") or name in ("authorization", "dpop") for name in body["headers"]
    )


GOOD = [
    pytest.param({}, id="plain"),
    pytest.param({"htu": f"{GATEWAY}{PATH}?a=b#c"}, id="htu with query and fragment"),
    pytest.param({"htu": f"HTTP://127.0.0.1:{PORT}{PATH}"}, id="scheme in upper case"),
    pytest.param({"htu": f"{GATEWAY}/books/./v1.0/b%6Foks"}, id="htu in another spelling"),
    pytest.param({"iat": lambda now: now - 10}, id="10 s old"),
    pytest.param({"iat": lambda now: now + 9}, id="nearly 10 s ahead"),
    pytest.param({"more": {"a": [1]}}, id="other claims"),
    pytest.param({"exp": lambda now: now + 30}, id="exp"),
    pytest.param({"nonce": "x"}, id="a nonce nobody asked for"),
]


@pytest.mark.parametrize("changes", GOOD)
def test_proofs_that_hold(scenery: Scenery, changes: dict[str, Any]) -> None:
    status, body, _ = prove(scenery, **timely(changes))
    assert status == 200, body


def timely(changes: dict[str, Any]) -> dict[str, Any]:
    now = int(time.time())
    return {name: value(now) if callable(value) else value for name, value in changes.items()}


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP", "dPoP"])
def test_the_scheme_in_either_case(scenery: Scenery, scheme: str) -> None:
    assert prove(scenery, scheme=scheme)[0] == 200


@pytest.mark.parametrize("algorithm", ["ES384", "PS256", "EdDSA"])
def test_other_algorithms(scenery: Scenery, algorithm: str) -> None:
    holder = Holder(algorithm)
    token = scenery.bound.token(holder)
    made = scenery.bound.proof(holder, token)
    assert send(PATH, ("Authorization", f"DPoP {token}"), ("DPoP", made))[0] == 200


BAD = [
    *(pytest.param({"header": {name: None}}, id=f"no {name}") for name in ("typ", "alg", "jwk")),
    *(pytest.param({name: None}, id=f"no {name}") for name in ("jti", "htm", "htu", "iat", "ath")),
    pytest.param({"header": {"typ": "JWT"}}, id="another typ"),
    pytest.param({"header": {"alg": "none"}}, id="alg none"),
    pytest.param({"header": {"alg": "RS256"}}, id="alg RS256"),
    pytest.param({"header": {"alg": "HS256"}}, id="alg HS256"),
    pytest.param({"header": {"crit": ["x"]}}, id="crit"),
    pytest.param({"header": {"jwk": Holder(number=1).jwk}}, id="signed by another than jwk"),
    pytest.param({"header": {"jwk": Holder().private_jwk}}, id="private key in jwk"),
    pytest.param({"htm": "POST"}, id="another method"),
    pytest.param({"htm": "get"}, id="method in lower case"),
    pytest.param({"htu": f"{GATEWAY}/books/v1.0/any"}, id="another path"),
    pytest.param({"htu": f"{GATEWAY}/books/v1/books"}, id="the path of the alias"),
    pytest.param({"htu": f"{GATEWAY}{PATH}/"}, id="a slash more"),
    pytest.param({"htu": f"http://127.0.0.1{PATH}"}, id="another port"),
    pytest.param({"htu": f"https://127.0.0.1:{PORT}{PATH}"}, id="another scheme"),
    pytest.param({"htu": f"http://evil.test{PATH}"}, id="another host"),
    pytest.param({"htu": "http://127.0.0.1:22099/base/books"}, id="the upstream's address"),
    pytest.param({"iat": lambda now: now - 3600}, id="an hour old"),
    pytest.param({"iat": lambda now: now + 3600}, id="an hour ahead"),
    pytest.param({"iat": "now"}, id="iat no number"),
    pytest.param({"ath": b64(hashlib.sha256(b"x").digest())}, id="another token's ath"),
    pytest.param({"jti": ""}, id="empty jti"),
    pytest.param({"jti": "x" * 257}, id="long jti"),
    pytest.param({"exp": 1}, id="expired"),
]


@pytest.mark.parametrize("changes", BAD)
def test_proofs_that_do_not_hold(scenery: Scenery, changes: dict[str, Any]) -> None:
    status, body, challenge = prove(scenery, **timely(changes))
    assert (status, body["code"]) == (401, "900901"), body
    assert challenge.startswith('DPoP realm="gatewright", error="invalid_dpop_proof"')


HEADERS = [
    pytest.param(lambda token, proof: [("DPoP", proof), ("DPoP", proof)], id="proof twice"),
    pytest.param(lambda token, proof: [("DPoP", f"{proof},{proof}")], id="two proofs in one"),
    pytest.param(lambda token, proof: [("DPoP", proof), ("DPoP", "")], id="an empty one more"),
    pytest.param(lambda token, proof: [], id="no proof"),
    pytest.param(lambda token, proof: [("DPoP", "")], id="empty proof"),
    pytest.param(lambda token, proof: [("DPoP", "x.y")], id="no JWT"),
    pytest.param(lambda token, proof: [("DPoP", token)], id="the token as its proof"),
    pytest.param(lambda token, proof: [("DPoP", proof[:-4] + "AAAA")], id="bad signature"),
    pytest.param(lambda token, proof: [("DPoP", "x" * 9000)], id="long"),
]


@pytest.mark.parametrize("made", HEADERS)
def test_there_must_be_one_proof(scenery: Scenery, made: Any) -> None:
    token = scenery.bound.token(scenery.ours)
    headers = made(token, scenery.bound.proof(scenery.ours, token))
    status, _, challenge = send(PATH, ("Authorization", f"DPoP {token}"), *headers)
    assert (status, challenge[:4]) == (401, "DPoP")
    assert 'error="invalid_dpop_proof"' in challenge


AUTHORIZATIONS = [
    pytest.param(["DPoP {0}", "DPoP {0}"], id="twice"),
    pytest.param(["DPoP {0}", "Bearer {1}"], id="beside a bearer token"),
    pytest.param(["Bearer {1}", "DPoP {0}"], id="after a bearer token"),
    pytest.param(["DPoP {0},DPoP {0}"], id="twice in one"),
    pytest.param(["DPoP  {0}"], id="two spaces"),
    pytest.param(["DPoP ,{0}"], id="after a comma"),
    pytest.param(["DPoP={0}"], id="no space"),
    pytest.param(["Basic {0}"], id="another scheme"),
    pytest.param(["Bearer DPoP {0}"], id="scheme behind a scheme"),
]


@pytest.mark.parametrize("values", AUTHORIZATIONS)
def test_there_must_be_one_token(scenery: Scenery, values: list[str]) -> None:
    token, ordinary = scenery.bound.token(scenery.ours), scenery.world.token("stranger")
    made = scenery.bound.proof(scenery.ours, token)
    lines = [("Authorization", value.format(token, ordinary)) for value in values]
    status, body, _ = send(PATH, *lines, ("DPoP", made))
    assert status in (401, 403), body


def test_a_proof_is_good_once_and_for_its_token(scenery: Scenery) -> None:
    first, second = scenery.bound.token(scenery.ours), scenery.bound.token(scenery.ours)
    made = scenery.bound.proof(scenery.ours, first)
    assert send(PATH, ("Authorization", f"DPoP {second}"), ("DPoP", made))[0] == 401
    assert send(PATH, ("Authorization", f"DPoP {first}"), ("DPoP", made))[0] == 200
    status, _, challenge = send(PATH, ("Authorization", f"DPoP {first}"), ("DPoP", made))
    assert status == 401
    assert "was used before" in challenge


def test_a_token_opens_to_its_own_key_alone(scenery: Scenery) -> None:
    token = scenery.bound.token(scenery.ours)
    made = scenery.bound.proof(scenery.other, token)
    status, _, challenge = send(PATH, ("Authorization", f"DPoP {token}"), ("DPoP", made))
    assert status == 401
    assert challenge.startswith('DPoP realm="gatewright", error="invalid_token"')


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"cnf": None, "gwb": None, "gwk": SUBJECT}, id="ordinary"),
        pytest.param({"cnf": None}, id="no cnf"),
        pytest.param({"cnf": {}}, id="empty cnf"),
        pytest.param({"cnf": {"kid": "x"}}, id="bound in a way unknown here"),
        pytest.param({"cnf": {"jkt": ["x"]}}, id="jkt no text"),
        pytest.param({"cnf": {"x5t#S256": "x"}}, id="to a certificate"),
    ],
)
def test_only_a_token_bound_to_a_key_comes_under_its_scheme(
    scenery: Scenery, claims: dict[str, Any]
) -> None:
    status, body, _ = prove(scenery, scenery.bound.token(scenery.ours, **claims))
    assert status == 401, body


def test_a_bound_token_without_a_subject_is_nobody_s(scenery: Scenery) -> None:
    assert prove(scenery, scenery.bound.token(scenery.ours, gwb=None))[0] == 403


def test_the_policies_after_it_see_its_subject(scenery: Scenery) -> None:
    bound, ours = scenery.bound, scenery.ours
    assert prove(scenery, bound.token(ours, scope="other"))[1]["code"] == "900910"
    assert prove(scenery, bound.token(ours, jti="revoked-1"))[2].endswith('v1.0"')
    stranger = bound.token(ours, gwb="client_stranger_production.1")
    assert prove(scenery, stranger)[1]["code"] == "900908"
    old = bound.token(ours, gwb="client_reader_production.0")
    assert prove(scenery, old)[1]["code"] == "900908"


@pytest.mark.parametrize("method", ["x-gw-subject", "x-gw-bound", "x-gw-key", "X-Gw-Audience"])
def test_nobody_poses_as_proven(scenery: Scenery, method: str) -> None:
    token = scenery.bound.token(scenery.ours)
    forged = ((method, SUBJECT), ("x-gw-key", scenery.other.thumbprint))
    made = scenery.bound.proof(scenery.other, token)
    assert send(PATH, ("Authorization", f"Bearer {token}"), *forged)[0] == 401
    assert send(PATH, ("Authorization", f"DPoP {token}"), ("DPoP", made), *forged)[0] == 401


def test_other_kinds_of_jwt_are_no_access_tokens(scenery: Scenery) -> None:
    token = scenery.world.token
    issuer = "http://sts.test/sts/default/production"
    kinds = {
        "client assertion": token(header={"typ": "JWT"}, aud=issuer, gwk=None),
        "introspection": token(header={"typ": "token-introspection+jwt"}, aud="cli", gwk=None),
        "proof": scenery.bound.proof(scenery.ours, "x"),
    }
    for kind, text in kinds.items():
        for scheme in ("Bearer", "DPoP"):
            assert send(PATH, ("Authorization", f"{scheme} {text}"))[0] == 401, kind


def test_anonymous_operations_ask_nobody(scenery: Scenery) -> None:
    token = scenery.bound.token(scenery.ours)
    assert send("/books/v1/health", ("Authorization", f"DPoP {token}"))[0] == 200
    assert send("/books/v1/nothing", ("Authorization", f"DPoP {token}"))[0] == 404
    assert send("/none/v1/nothing", ("Authorization", f"DPoP {token}"))[0] == 404


def test_without_the_service_only_bound_tokens_wait(scenery: Scenery) -> None:
    ordinary = ("Authorization", f"Bearer {scenery.world.token()}")
    scenery.service.stop()
    try:
        reply = scenery.world.call(PATH, scenery.bound.token(scenery.ours))
        assert (reply.status, reply.json["code"]) == (503, "900900")
        assert reply.headers["retry-after"] == "1"
        assert send(PATH, ordinary)[0] == 200
        assert prove(scenery)[0] == 503
    finally:
        scenery.service.start()
    eventually(lambda: prove(scenery)[0] == 200)


def test_after_a_restart_an_old_proof_needs_a_nonce(scenery: Scenery) -> None:
    scenery.service.stop()
    fresh = Service(Path(scenery.world.scene.proofs_socket), old=False)
    fresh.start()
    try:
        eventually(lambda: prove(scenery, iat=int(time.time()) - 20)[0] == 401)
        token = scenery.bound.token(scenery.ours)
        made = scenery.bound.proof(scenery.ours, token, iat=int(time.time()) - 20)
        reply = scenery.world.call(PATH, token, scheme="DPoP", headers={"DPoP": made})
        assert 'error="use_dpop_nonce"' in reply.headers["www-authenticate"]
        nonce = reply.headers["dpop-nonce"]
        assert prove(scenery, iat=int(time.time()) - 20, nonce=nonce)[0] == 200
        # A clock ahead may have made these for the service before.
        for iat in (int(time.time()), int(time.time()) + 9):
            assert 'error="use_dpop_nonce"' in prove(scenery, iat=iat)[2]
            assert prove(scenery, iat=iat, nonce=nonce)[0] == 200
    finally:
        fresh.stop()
        scenery.service.start()


def test_nonces_when_they_are_wanted(scenery: Scenery) -> None:
    scenery.service.stop()
    strict = Service(Path(scenery.world.scene.proofs_socket), nonces_needed=True)
    strict.start()
    try:
        eventually(lambda: prove(scenery)[0] == 401)
        token = scenery.bound.token(scenery.ours)
        made = scenery.bound.proof(scenery.ours, token)
        reply = scenery.world.call(PATH, token, scheme="DPoP", headers={"DPoP": made})
        assert 'error="use_dpop_nonce"' in reply.headers["www-authenticate"]
        assert reply.headers["cache-control"] == "no-store"
        assert prove(scenery, nonce=reply.headers["dpop-nonce"])[0] == 200
        assert prove(scenery, nonce=base64.b64encode(b"x" * 16).decode())[0] == 401
    finally:
        strict.stop()
        scenery.service.start()
