"""Every refusal and every way in, against a real Envoy: the rows of `docs/reference/errors.md`."""

import base64
import json
import random
import time
from typing import Any

import pytest
from tests.gateway.conftest import SANDBOX_PORT, World

from gatewright.gateway.compile.paths import pattern

pytestmark = pytest.mark.real
OK = "/books/v1.0/books"


def unsigned(token: str) -> str:
    header, payload, _ = token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    return f"{none}.{payload}." if header else ""


def tampered(token: str) -> str:
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    changed = json.dumps({**claims, "scope": "root books:write"}).encode()
    return f"{header}.{base64.urlsafe_b64encode(changed).rstrip(b'=').decode()}.{signature}"


REFUSED = [
    pytest.param(OK, None, 401, "900902", id="no token"),
    pytest.param(OK, "garbage", 401, "900901", id="not a jwt"),
    pytest.param(OK, lambda t: t(exp=int(time.time()) - 30), 401, "900903", id="expired"),
    pytest.param(OK, lambda t: t(exp=None), 401, "900901", id="never expires"),
    pytest.param(OK, lambda t: t(iss="http://evil.test"), 401, "900901", id="unknown issuer"),
    pytest.param(OK, lambda t: t(aud="http://127.0.0.1:1"), 401, "900901", id="other audience"),
    pytest.param(OK, lambda t: t(aud=None), 401, "900901", id="no audience"),
    pytest.param(OK, lambda t: t(key_of="sandbox"), 401, "900901", id="sandbox key"),
    pytest.param(
        OK, lambda t: t(kind="sandbox", aud="http://127.0.0.1:22080"), 401, "900901",
        id="sandbox issuer",
    ),
    pytest.param(OK, lambda t: t(header={"kid": "unknown"}), 401, "900901", id="unknown kid"),
    pytest.param(OK, lambda t: unsigned(t()), 401, "900901", id="alg none"),
    pytest.param(OK, lambda t: tampered(t()), 401, "900901", id="payload changed"),
    pytest.param(OK, lambda t: t(jti="revoked-1"), 401, "900901", id="revoked"),
    pytest.param(OK, lambda t: t("stranger"), 403, "900908", id="not subscribed"),
    pytest.param(OK, lambda t: t(gwk="client_reader_production.0"), 403, "900908", id="old gen"),
    pytest.param(OK, lambda t: t(gwk=None), 403, "900908", id="no subject"),
    pytest.param(OK, lambda t: t(scope="books:write"), 403, "900910", id="scope missing"),
    pytest.param(OK, lambda t: t(scope=None), 403, "900910", id="no scope claim"),
    pytest.param(OK, lambda t: t(scope="xbooks:read books:reads"), 403, "900910", id="lookalike"),
    pytest.param(OK, lambda t: t(scope="urn:x:books:books:read"), 403, "900910", id="other org"),
    pytest.param(
        "/books/v1.0/nobody", lambda t: t(scope="root books:read"), 403, "900910", id="no way in"
    ),
    pytest.param("/books/v1.0/nothing", lambda t: t(), 404, "404", id="undeclared path"),
    pytest.param("/books/v1x/books", lambda t: t(), 404, "404", id="v1x"),
    pytest.param("/books/v1.1/books", lambda t: t(), 404, "404", id="undeployed version"),
    pytest.param("/book/v1.0/books", lambda t: t(), 404, "404", id="unknown context"),
    pytest.param("/books", lambda t: t(), 404, "404", id="context alone"),
    pytest.param("/", None, 404, "404", id="root"),
    pytest.param("/old/v1/a", lambda t: t(), 404, "404", id="retired"),
    pytest.param("/books/v1.0/books/", lambda t: t(), 404, "404", id="empty parameter"),
    pytest.param("/books/v1.0/books/1/2", lambda t: t(), 404, "404", id="too deep"),
    pytest.param("/shut/v1/a", lambda t: t(), 503, "700700", id="blocked"),
    pytest.param("/dead/v1/a", lambda t: t(), 503, "101503", id="upstream away"),
    pytest.param("/books%2Fv1/books", lambda t: t(), 400, "400", id="escaped slash"),
    pytest.param("/books/v1/books%5Cx", lambda t: t(), 400, "400", id="escaped backslash"),
    pytest.param(OK + "?access_token=x", None, 401, "900902", id="token in the query"),
]  # fmt: skip
SPOOFED = {
    "x-gw-subject": "client_reader_production.1", "X-Gw-Scope": "books:read root",
    "x-gw-jti": "fine",
    "x-gw-route": "/env_production/books/v1.0", "X-GW-ROUTE": "/x/books/v1", "x-gw-other": "1",
    "X-Original-URL": "/books/v1/health", "X-Rewrite-URL": "/health", "Forwarded": "for=1.2.3.4",
    "X-Forwarded-Host": "evil.test", "X-HTTP-Method-Override": "GET",
    "x-envoy-original-path": "/health", "x-envoy-decorator-operation": "evil",
}  # fmt: skip


@pytest.mark.parametrize("spoofed", [False, True], ids=["plain", "spoofed"])
@pytest.mark.parametrize(("path", "token", "status", "code"), REFUSED)
def test_refusals(
    world: World, path: str, token: Any, status: int, code: str, spoofed: bool
) -> None:
    text = token(world.token) if callable(token) else token
    reply = world.call(path, text, headers=SPOOFED if spoofed else {})
    assert (reply.status, reply.json["code"]) == (status, code), reply
    assert set(reply.json) == {"code", "message", "description", "error_message"}
    assert reply.headers["content-type"] == "application/json"
    challenge = reply.headers.get("www-authenticate", "")
    assert challenge.startswith('Bearer realm="gatewright"') is (status == 401 or code == "900910")
    assert ("error=" in challenge) is (challenge != "" and code != "900902")


def test_scope_refusal_names_what_is_needed(world: World) -> None:
    reply = world.call("/books/v1/books/7", world.token(), method="DELETE")
    assert reply.status == 403
    assert 'error="insufficient_scope"' in reply.headers["www-authenticate"]
    assert 'scope="books:admin books:write root"' in reply.headers["www-authenticate"]
    assert "books:admin and books:write, or root" in reply.json["description"]


def test_limit_answers_429_with_retry_after_and_counts_every_version_path_together(
    world: World,
) -> None:
    token = world.token("slow")
    replies = [
        world.call(f"/books/{version}/books", token) for version in ("v1", "v1.0", "v1", "v1.0")
    ]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert replies[0].headers["x-ratelimit-limit"] == "3"
    assert replies[0].headers["x-ratelimit-remaining"] == "2"
    assert replies[3].json["code"] == "900804"
    assert int(replies[3].headers["retry-after"]) >= 1
    assert world.call("/books/v1/books", world.token()).status == 200


@pytest.mark.parametrize("method", ["POST", "PATCH", "TRACE", "OPTIONS"])
def test_undeclared_method_is_405_with_allow_and_without_a_token(world: World, method: str) -> None:
    reply = world.call("/books/v1/any", method=method)
    assert (reply.status, reply.json["code"], reply.headers["allow"]) == (405, "405", "GET")


def test_a_nearer_path_keeps_its_methods_to_itself(world: World) -> None:
    reply = world.call("/books/v1/books/new", world.token(scope="root"), method="DELETE")
    assert (reply.status, reply.headers["allow"]) == (405, "GET")


ACCEPTED = [
    pytest.param(OK, "GET", {}, "/base/books", id="own version"),
    pytest.param("/books/v1/books?q=1&r=%2F", "GET", {}, "/base/books?q=1&r=%2F", id="alias"),
    pytest.param("/books/v1/books/7?x", "GET", {}, "/base/books/7?x", id="templated"),
    pytest.param("/books/v1/books/a%20b", "GET", {}, "/base/books/a%20b", id="encoded parameter"),
    pytest.param("//books//v1//books", "GET", {}, "/base/books", id="slashes merged"),
    pytest.param("/x/../books/v1/./books", "GET", {}, "/base/books", id="dots"),
    pytest.param("/x/%2e%2E/books/v1/books", "GET", {}, "/base/books", id="escaped dots"),
    pytest.param("/books/v1/bo%6fks", "GET", {}, "/base/books", id="escaped letter"),
    pytest.param(
        OK, "GET", {"scope": "a urn:default:books:books:read"}, "/base/books", id="qualified"
    ),
    pytest.param(OK, "GET", {"scope": "x books:read y"}, "/base/books", id="in the middle"),
    pytest.param("/books/v1/any", "GET", {"scope": None}, "/base/any", id="any token"),
    pytest.param(OK, "POST", {"scope": "books:write"}, "/base/books", id="post"),
    pytest.param(
        "/books/v1/books/7", "DELETE", {"scope": "books:write books:admin"}, "/base/books/7",
        id="all of",
    ),
    pytest.param("/books/v1/books/7", "DELETE", {"scope": "root"}, "/base/books/7", id="any of"),
    pytest.param(OK, "GET", {"aud": ["x", "http://127.0.0.1:22080"]}, "/base/books", id="two aud"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "method", "claims", "seen"), ACCEPTED)
def test_ways_in(world: World, path: str, method: str, claims: dict[str, Any], seen: str) -> None:
    reply = world.call(path, world.token(**claims), method=method, headers=SPOOFED)
    assert reply.status == 200, reply
    assert (reply.json["method"], reply.json["path"]) == (method, seen)
    forbidden = {name.lower() for name in SPOOFED} | {"authorization"}
    assert not forbidden & set(reply.json["headers"])
    assert reply.json["headers"]["host"] == "127.0.0.1:22099"


@pytest.mark.parametrize("path", ["health", "files/a/b", "files/", ""], ids=str)
def test_anonymous_operations_need_nothing_and_leak_nothing(world: World, path: str) -> None:
    for token in (None, "garbage", world.token("stranger")):
        reply = world.call(f"/books/v1/{path}", token, headers=SPOOFED)
        assert reply.status == 200, reply
        seen = reply.json["headers"]
        assert not any(name.startswith("x-gw-") or name == "authorization" for name in seen)
        assert "x-ratelimit-limit" not in reply.headers


def test_the_base_without_a_slash_is_the_root(world: World) -> None:
    assert world.call("/books/v1").json["path"] == "/base/"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_scheme_in_either_case(world: World, scheme: str) -> None:
    assert world.call(OK, world.token(), scheme=scheme).status == 200


def test_each_environment_takes_its_own_tokens_only(world: World) -> None:
    audience = f"http://127.0.0.1:{SANDBOX_PORT}"
    sandbox = world.token(kind="sandbox", aud=audience)
    sandboxed = World(world.gateway, world.scene, world.token, SANDBOX_PORT)
    assert sandboxed.call(OK, sandbox).status == 200
    assert world.call(OK, sandbox).status == 401
    assert sandboxed.call(OK, world.token()).status == 401
    assert sandboxed.call("/dead/v1/a", sandbox).status == 404


def expected(path: str, method: str, application: str, scope: str, expired: bool) -> int:
    """The decision in words of ours, for the scene's API `books`."""
    import re

    operations = {
        "/books": {"GET": "books:read", "POST": "books:write"}, "/any": {"GET": None},
        "/books/new": {"GET": None}, "/books/{id}": {"GET": "books:read"},
    }  # fmt: skip
    template = next((item for item in operations if re.fullmatch(pattern(item), path)), None)
    if path == "/books/new":
        template = path
    if template is None:
        return 404
    allowed = operations[template] | ({"DELETE": "root"} if template == "/books/{id}" else {})
    if method not in allowed:
        return 405
    if expired:
        return 401
    if application == "stranger":
        return 403
    needed = allowed[method]
    return 200 if needed is None or needed in scope.split() else 403


def test_envoy_decides_as_the_reference_does(world: World) -> None:
    chance = random.Random(20_261_124)
    for _ in range(300):
        path = chance.choice(["/books", "/books/new", "/books/7", "/any", "/none", "/books/7/8"])
        method = chance.choice(["GET", "GET", "POST", "DELETE", "PUT"])
        application = chance.choice(["reader", "reader", "stranger"])
        scope = " ".join(chance.sample(["books:read", "books:write", "root", "x"], 2))
        expired = chance.random() < 0.1
        claims = {"exp": 1} if expired else {}
        token = world.token(application, scope, **claims)
        base = chance.choice(["/books/v1", "/books/v1.0"])
        reply = world.call(base + path, token, method=method)
        wanted = expected(path, method, application, scope, expired)
        assert reply.status == wanted, (path, method, application, scope, expired, reply)
