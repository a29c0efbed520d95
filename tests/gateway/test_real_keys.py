"""Tokens of key managers, good and bad, at a real Envoy."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.gateway.callers import Outside, key_pair
from tests.gateway.conftest import World
from tests.gateway.keyed import SPOOFED, Callers

from gatewright.domain.api_key import API_KEY_SCOPE, EVERY_SCOPE

pytestmark = pytest.mark.real
Make = Callable[[Callers], str]
READ, WRITE, ANY = "/all/v1/read", "/all/v1/write", "/all/v1/any"
LONG_AGO = int(time.time()) - 3600

EXTERNAL = [
    pytest.param(READ, lambda c: c.oidc.token(), 200, "", id="scopes in a text"),
    pytest.param(READ, lambda c: c.oidc.token(scope="x books:read y"), 200, "", id="in the middle"),
    pytest.param(READ, lambda c: c.oidc.token(scope=["x", "books:read"]), 200, "", id="in a list"),
    pytest.param(READ, lambda c: c.oidc.token(scope=["books:read"]), 200, "", id="alone in a list"),
    pytest.param(READ, lambda c: c.oidc.token(scope=["x books:read"]), 200, "", id="words in it"),
    pytest.param(
        READ, lambda c: c.oidc.token(scope=["a", "urn:default:all:books:read", "b"]), 200, "",
        id="qualified in a list",
    ),
    pytest.param(
        READ, lambda c: c.lists.token(None, None, cid="portal", scp=["books:read"]), 200, "",
        id="other claims, fetched keys",
    ),
    pytest.param(ANY, lambda c: c.oidc.token(scope=None), 200, "", id="no scope, none needed"),
    pytest.param(ANY, lambda c: c.oidc.token("-"), 200, "", id="a client named like nothing"),
    pytest.param(ANY, lambda c: c.oidc.token("a b"), 200, "", id="a client with a space"),
    pytest.param(
        READ, lambda c: c.oidc.token(aud=["x", "api://ours"]), 200, "", id="one of two audiences"
    ),
    pytest.param(READ, lambda c: c.oidc.token(scope=None), 403, "900910", id="no scope"),
    pytest.param(READ, lambda c: c.oidc.token(scope=[]), 403, "900910", id="an empty list"),
    pytest.param(READ, lambda c: c.oidc.token(scope="books:reads xbooks:read"), 403, "900910",
                 id="lookalikes"),
    pytest.param(READ, lambda c: c.oidc.token(scope=["books:reads", "xbooks:read"]), 403, "900910",
                 id="lookalikes in a list"),
    pytest.param(READ, lambda c: c.oidc.token(scope=['x"books:read"y']), 403, "900910",
                 id="quotes within an item"),
    pytest.param(READ, lambda c: c.oidc.token(scope=['x","books:read","y']), 403, "900910",
                 id="an item like a list"),
    pytest.param(READ, lambda c: c.oidc.token(scope='x,"books:read",y'), 403, "900910",
                 id="a text like a list"),
    pytest.param(READ, lambda c: c.oidc.token(scope={"books:read": 1}), 403, "900910",
                 id="an object"),
    pytest.param(READ, lambda c: c.oidc.token(scope=[["books:read"]]), 403, "900910",
                 id="a list in a list"),
    pytest.param(READ, lambda c: c.oidc.token(scope=["x", 1, ["y", "books:read"]]), 403, "900910",
                 id="a list behind others"),
    pytest.param(READ, lambda c: c.oidc.token(scope=[{"refused": ["books:read"]}]), 403, "900910",
                 id="a list in an object in a list"),
    pytest.param(READ, lambda c: c.oidc.token(scope=[{"a": "x books:read"}]), 403, "900910",
                 id="an object in a list"),
    pytest.param(READ, lambda c: c.oidc.token(scope=["[{x", 1, "books:read"]), 200, "",
                 id="behind brackets in a text"),
    pytest.param(READ, lambda c: c.oidc.token(scope="x\nbooks:read"), 403, "900910",
                 id="a line break"),
    pytest.param(READ, lambda c: c.oidc.token(scope=EVERY_SCOPE), 403, "900910",
                 id="every scope is for keys"),
    pytest.param("/all/v1/key", lambda c: c.oidc.token(scope=API_KEY_SCOPE), 403, "900910",
                 id="no key"),
    pytest.param(READ, lambda c: c.oidc.token(scope="urn:default:other:books:read"), 403, "900910",
                 id="another API's scope"),
    pytest.param(READ, lambda c: c.oidc.token(exp=LONG_AGO), 401, "900903", id="expired"),
    pytest.param(READ, lambda c: c.oidc.token(exp=None), 401, "900901", id="never expires"),
    pytest.param(READ, lambda c: c.oidc.token(nbf=int(time.time()) + 600), 401, "900904",
                 id="not yet"),
    pytest.param(READ, lambda c: c.oidc.token(aud="portal"), 401, "900901", id="other audience"),
    pytest.param(READ, lambda c: c.oidc.token(aud=None), 401, "900901", id="no audience"),
    pytest.param(READ, lambda c: c.oidc.token(iss="https://evil.test"), 401, "900901",
                 id="unknown issuer"),
    pytest.param(READ, lambda c: c.oidc.token(iss=None), 401, "900901", id="no issuer"),
    pytest.param(READ, lambda c: c.oidc.token(iss=c.lists.issuer), 401, "900901",
                 id="another's name"),
    pytest.param(
        READ, lambda c: Outside("oidc", key_pair("kid_oidc")).token(), 401, "900901", id="own key"
    ),
    pytest.param(READ, lambda c: c.oidc.token(jti="revoked-1"), 401, "900901", id="revoked"),
    pytest.param(READ, lambda c: c.oidc.token("another"), 403, "900908", id="client not linked"),
    pytest.param(READ, lambda c: c.oidc.token(None), 403, "900908", id="no client"),
    pytest.param(READ, lambda c: c.oidc.token(""), 403, "900908", id="an empty client"),
    pytest.param(READ, lambda c: c.oidc.token(["portal"]), 403, "900908", id="a list of clients"),
    pytest.param(READ, lambda c: c.oidc.token(7), 403, "900908", id="a number"),
    pytest.param(READ, lambda c: c.oidc.token({"portal": 1}), 403, "900908", id="object"),
    pytest.param(READ, lambda c: c.oidc.token("portal "), 403, "900908", id="a space behind"),
    pytest.param(READ, lambda c: c.oidc.token("Portal"), 403, "900908", id="other case"),
    pytest.param(READ, lambda c: c.oidc.token("portal\nx"), 403, "900908", id="a line break in it"),
    pytest.param(READ, lambda c: c.oidc.token("portal\n"), 403, "900908", id="a line break behind"),
    pytest.param(READ, lambda c: c.oidc.token("por\0tal"), 403, "900908", id="a nul"),
    pytest.param(ANY, lambda c: c.oidc.token("é"), 200, "", id="a letter beyond ASCII"),
    pytest.param(READ, lambda c: c.oidc.token("client_reader_production.1"), 403, "900908",
                 id="poses as a client of ours"),
    pytest.param(READ, lambda c: c.oidc.token("km_lists|portal"), 403, "900908",
                 id="poses as another issuer's"),
    pytest.param(READ, lambda c: c.oidc.token("|portal"), 403, "900908", id="a bar before"),
    pytest.param(READ, lambda c: c.oidc.token("key_production"), 403, "900908",
                 id="poses as an API key"),
    pytest.param(READ, lambda c: c.oidc.token("test"), 403, "900908", id="poses as a test key"),
    pytest.param(
        READ, lambda c: c.oidc.token(None, gwk="client_reader_production.1"), 403, "900908",
        id="our claim in theirs",
    ),
    pytest.param(
        READ, lambda c: c.oidc.token(None, gwb="client_reader_production.1"), 403, "900908",
        id="our bound claim in theirs",
    ),
    pytest.param(READ, lambda c: c.oidc.token(at_hash="x"), 401, "900901", id="an ID token"),
    pytest.param(READ, lambda c: c.oidc.token(c_hash="x"), 401, "900901", id="a hybrid ID token"),
    pytest.param(READ, lambda c: c.oidc.token(typ="ID"), 401, "900901", id="Keycloak's ID token"),
    pytest.param(ANY, lambda c: c.oidc.token(scope=None, nonce="n"), 401, "900901",
                 id="a nonce without scopes"),
    pytest.param(ANY, lambda c: c.oidc.token(scope="", nonce="n"), 401, "900901",
                 id="a nonce and empty scopes"),
    pytest.param(ANY, lambda c: c.oidc.token(scope=[], nonce="n"), 401, "900901",
                 id="a nonce and a list of no scopes"),
    pytest.param(READ, lambda c: c.oidc.token(nonce="n", typ="Bearer"), 200, "",
                 id="Keycloak's access token with a nonce"),
    pytest.param(READ, lambda c: c.sandboxed.token(), 401, "900901", id="for other environments"),
    pytest.param(READ, lambda c: c.off.token(), 401, "900901", id="not for APIs"),
    pytest.param(READ, lambda c: c.mute.token(), 401, "900901", id="keys never fetched"),
    pytest.param(READ, lambda c: c.odd.token(), 401, "900901", id="no usable key"),
    pytest.param("/ours/v1/any", lambda c: c.oidc.token(), 401, "900901", id="ours alone"),
    pytest.param("/theirs/v1/any", lambda c: c.oidc.token(), 401, "900901", id="another alone"),
    pytest.param(
        "/theirs/v1/any", lambda c: c.lists.token(None, cid="portal"), 200, "", id="that one"
    ),
    pytest.param("/absent/v1/any", lambda c: c.oidc.token(), 401, "900901", id="none that is"),
    pytest.param("/other/v1/any", lambda c: c.oidc.token(), 403, "900908", id="not subscribed"),
    pytest.param("/all/v1/open", lambda c: c.oidc.token(exp=1), 200, "", id="anonymous"),
]  # fmt: skip


@pytest.mark.parametrize("spoofed", [False, True], ids=["plain", "spoofed"])
@pytest.mark.parametrize(("path", "make", "status", "code"), EXTERNAL)
def test_tokens_of_key_managers(
    keyed: tuple[World, Callers], path: str, make: Make, status: int, code: str, spoofed: bool
) -> None:
    world, callers = keyed
    reply = world.call(path, make(callers), headers=SPOOFED if spoofed else {})
    assert reply.status == status, reply
    if status == 200:
        assert not [name for name in reply.json["headers"] if name.startswith("x-gw-")]
        assert "authorization" not in reply.json["headers"]
    else:
        assert reply.json["code"] == code, reply


ROLES = [
    pytest.param("oidc", {"realm_access": {"roles": ["a", "Writer"]}}, 200, id="in a list"),
    pytest.param("oidc", {"realm_access": {"roles": "Writer"}}, 200, id="a text"),
    pytest.param("oidc", {"realm_access": {"roles": "x Writer y"}}, 200, id="a word of a text"),
    pytest.param("lists", {"https://lists.test/roles": ["admins"]}, 200, id="a URL's name"),
    pytest.param("lists", {"https://lists.test/roles": ["admins"], "scp": ["x"]}, 200,
                 id="beside a list of scopes"),
    pytest.param("oidc", {"realm_access": {"roles": ["writer"]}}, 403, id="other case"),
    pytest.param("oidc", {"realm_access": {"roles": ["xWriter", "Writer x"]}}, 403, id="more"),
    pytest.param("oidc", {"realm_access": {"roles": ['x","Writer","y', 'Writer"']}}, 403,
                 id="an item like a list"),
    pytest.param("oidc", {"realm_access": {"roles": {"Writer": 1}}}, 403, id="a key of an object"),
    pytest.param("oidc", {"realm_access": ["Writer"]}, 403, id="one level up"),
    pytest.param("oidc", {"realm_access.roles": ["Writer"]}, 403, id="a name with a dot"),
    pytest.param("oidc", {"roles": ["Writer"]}, 403, id="another claim"),
    pytest.param("lists", {"realm_access": {"roles": ["Writer"]}}, 403, id="another's role"),
    pytest.param("oidc", {"realm_access": {"roles": ["admins"]}}, 403, id="not a role here"),
    pytest.param("oidc", {"scope": "Writer"}, 403, id="a scope of a role's name"),
]  # fmt: skip


@pytest.mark.parametrize(("issuer", "claims", "status"), ROLES)
def test_roles_stand_for_scopes(
    keyed: tuple[World, Callers], issuer: str, claims: dict[str, Any], status: int
) -> None:
    world, callers = keyed
    made: Outside = getattr(callers, issuer)
    token = made.token(cid="portal", **{"scope": "x", **claims})
    assert world.call(WRITE, token, method="POST").status == status


def test_a_role_with_characters_of_the_formatter(keyed: tuple[World, Callers]) -> None:
    world, callers = keyed
    token = callers.oidc.token(scope=None, realm_access={"roles": ["o'(%)\""]})
    assert world.call(READ, token).status == 200


@pytest.mark.parametrize("header", ["authorization", "x-access"])
@pytest.mark.parametrize("cnf", [{"jkt": "x"}, {"x5t#S256": "x"}, {"kid": "x"}, {}, "x"], ids=str)
def test_a_bound_token_of_a_key_manager_is_no_bearer(
    keyed: tuple[World, Callers], header: str, cnf: Any
) -> None:
    world, callers = keyed
    path = "/all/v1/any" if header == "authorization" else "/header/v1/any"
    token = callers.oidc.token(cnf=cnf)
    for scheme in ("Bearer", "DPoP"):
        reply = world.call(path, headers={header: f"{scheme} {token}"})
        assert reply.status in (401, 403, 503), reply  # 503: nobody is there to prove it to


def test_refusals_tell_what_is_wrong_whoever_may_be_asked(keyed: tuple[World, Callers]) -> None:
    world, callers = keyed
    for path in ("/all/v1/any", "/keyed/v1/any", "/theirs/v1/any", "/header/v1/any"):
        reply = world.call(path)
        assert (reply.status, reply.json["code"]) == (401, "900902"), path
        assert "error=" not in reply.headers["www-authenticate"]
    expired = {"exp": LONG_AGO}
    assert world.call("/keyed/v1/any", world.token(**expired)).json["code"] == "900903"
    assert world.call("/keyed/v1/any", callers.lists.token(**expired)).json["code"] == "900903"
    old = callers.production.api_key("key_production", **expired)
    assert world.call("/keyed/v1/any", headers={"api-key": old}).json["code"] == "900903"
