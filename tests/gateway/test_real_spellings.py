"""Attacks by other spellings, against a real Envoy: of a path, of a header, of who is calling."""

import http.client
import ipaddress
import socket
from dataclasses import replace
from typing import Any

import pytest
from tests.gateway.conftest import PORT, World

from gatewright.domain.lifecycle import State

pytestmark = pytest.mark.real
NEAR = "/near/v1.0"

NEARER = [
    pytest.param("GET", "/books/@me", 403, id="plain"),
    pytest.param("GET", "/books/%40me", 403, id="encoded sub-delimiter"),
    pytest.param("GET", "/books/7:publish", 403, id="plain colon"),
    pytest.param("GET", "/books/7%3Apublish", 403, id="encoded colon"),
    pytest.param("GET", "/books/7%3apublish", 403, id="encoded colon in lower case"),
    pytest.param("GET", "/books/caf%C3%A9", 403, id="encoded as declared"),
    pytest.param("GET", "/books/caf%c3%a9", 403, id="encoded in lower case"),
    pytest.param("GET", "/books/c%61f%C3%a9", 403, id="encoded in either case"),
    pytest.param("GET", "/books/n%65w", 403, id="encoded letter"),
    pytest.param("GET", "/books//@me", 403, id="double slash"),
    pytest.param("GET", "/books/./%40me", 403, id="dot segment"),
    pytest.param("POST", "/books/@me", 405, id="method not offered"),
    pytest.param("POST", "/books/%40me", 405, id="method not offered, encoded"),
    pytest.param("POST", "/books/caf%c3%a9", 405, id="method not offered, in lower case"),
    pytest.param("POST", "/books/7%3apublish", 405, id="method not offered, mixed"),
    pytest.param("GET", "/open/books/%40me", 403, id="before an open end"),
    pytest.param("GET", "/foo-secret.json", 403, id="long parameter name of the other"),
    pytest.param("GET", "/books/new;x=1", 404, id="literal with parameters"),
    pytest.param("GET", "/books/new%3bx", 404, id="literal with encoded parameters"),
    pytest.param("GET", "/books/7:publish;x", 404, id="mixed with parameters"),
    pytest.param("GET", "/foo-secret;.json", 404, id="parameters before a suffix"),
    pytest.param("GET", "/open/books/@me;x", 404, id="parameters before an open end"),
    pytest.param("GET", "/open/books;x/@me", 404, id="parameters in the middle"),
    pytest.param("GET", "/open/;/books/@me", 404, id="parameters alone"),
]


@pytest.mark.parametrize(("method", "path", "status"), NEARER)
def test_the_nearest_operation_wins_in_every_spelling(
    world: World, method: str, path: str, status: int
) -> None:
    reply = world.call(NEAR + path, world.token(scope="weak"), method=method)
    assert reply.status == status, reply


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        pytest.param("/books/@me", "/books/@me", id="plain"),
        pytest.param("/books/%40me?q=%40", "/books/@me?q=%40", id="upstream sees the declared"),
        pytest.param("/books/caf%c3%a9", "/books/caf%C3%A9", id="hex as declared"),
        pytest.param("/books/7%3apublish", "/books/7%3apublish", id="mixed as called"),
        pytest.param("/lone/7;a=b", "/lone/7;a=b", id="parameters where nothing is nearer"),
        pytest.param("/lone/a..b", "/lone/a..b", id="dots within"),
        pytest.param("/lone/.hidden", "/lone/.hidden", id="leading dot"),
        pytest.param("/lone/..hidden.", "/lone/..hidden.", id="leading dots"),
        pytest.param("/lone/%C3%A9%20%22%0Ax", "/lone/%C3%A9%20%22%0Ax", id="encoded"),
        pytest.param("/lone/7/(all)", "/lone/7/(all)", id="parentheses"),
        pytest.param("/lone/7/%28all%29", "/lone/7/%28all%29", id="encoded parentheses"),
        pytest.param("/matrix/by;id=7", "/matrix/by;id=7", id="matrix style"),
        pytest.param("/open/a/.b/c..d/", "/open/a/.b/c..d/", id="open end"),
    ],
)
def test_other_spellings_reach_the_operation_they_spell(world: World, path: str, seen: str) -> None:
    reply = world.call(NEAR + path, world.token(scope="weak strong"))
    assert (reply.status, reply.json.get("path")) == (200, "/base" + seen), reply


CLIMBS = ["..;", "%2e%2e;", ".%2e;a", "%2E.;x=1", "%2e;", ".;", "..%3b", "%2e%2e%3Bx", ";", ";x=..",
          "%3b", "...;", "..;/..;", "%2e%2e;/%2e%2e;"]  # fmt: skip


@pytest.mark.parametrize("climb", CLIMBS)
@pytest.mark.parametrize(
    "path",
    [f"{NEAR}/open/X/x", f"{NEAR}/lone/X", "/wide/v1/X/manager", "/wide/v1/a/X", "/wide/v1/X"],
)
def test_no_spelling_of_a_dot_segment_reaches_an_upstream(
    world: World, path: str, climb: str
) -> None:
    reply = world.call(path.replace("X", climb), world.token(scope="weak"))
    if reply.status != 200:
        assert (reply.status, reply.json["code"]) in ((404, "404"), (401, "900902")), reply
        return
    for segment in reply.json["path"][1:].split("/")[:-1]:  # Envoy resolved it by itself
        decoded = segment.lower().replace("%2e", ".").replace("%3b", ";")
        assert decoded.partition(";")[0].strip("."), reply


CLIENT_HEADERS = (
    "proxy-authorization", "true-client-ip", "x-client-ip", "x-forwarded-prefix",
    "x-forwarded-scheme", "x-forwarded-uri", "x-forwarded-port", "x-forwarded-server",
    "x-accel-redirect", "x-envoy-peer-metadata", "x-envoy-attempt-count", "x-envoy-retry-on",
    "x-envoy-upstream-rq-timeout-ms", "x-envoy-original-path", "x-envoy-external-address",
    "client-cert", "client-cert-chain",
)  # fmt: skip


@pytest.mark.parametrize("path", ["/near/v1/lone/7", "/wide/v1/a"], ids=["secured", "anonymous"])
def test_no_client_poses_as_a_proxy(world: World, path: str) -> None:
    sent = dict.fromkeys(CLIENT_HEADERS, "7") | {
        "X-Forwarded-For": "6.6.6.6, 7.7.7.7", "X-Forwarded-Proto": "https", "X-Mine": "kept",
    }  # fmt: skip
    reply = world.call(path, world.token(scope="weak"), headers=sent)
    assert reply.status == 200, reply
    seen = reply.json["headers"]
    assert not set(CLIENT_HEADERS) & set(seen)
    assert not any(name.startswith("x-envoy-") for name in seen)
    ipaddress.ip_address(seen["x-forwarded-for"])  # Envoy's own word: one address, not a list
    assert not seen["x-forwarded-for"].startswith(("6.", "7."))
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-mine"] == "kept"


def raw(*lines: str) -> tuple[int, str]:
    """A call with header lines as given."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    try:
        connection.putrequest("GET", "/near/v1/lone/7", skip_accept_encoding=True)
        for line in lines:
            name, _, value = line.partition(": ")
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_bytes_that_are_no_characters_of_a_path_spell_nothing_else(world: World) -> None:
    token = world.token(scope="weak").encode()
    for path in (b"/books/caf\xc3\xa9", b"/books/caf\xc3%a9", b"/lone/\\..;"):
        with socket.create_connection(("127.0.0.1", PORT), timeout=10) as connection:
            head = b"GET /near/v1" + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            connection.sendall(head + b"Authorization: Bearer " + token + b"\r\n\r\n")
            status = connection.makefile("rb").readline().split()[1]
        assert status in (b"400", b"403", b"404"), path


def test_an_anonymous_operation_minds_no_credentials_of_another_kind(world: World) -> None:
    headers = {"Authorization": "Basic dTpw"}
    assert world.call(f"{NEAR}/open/a", headers=headers).status == 200


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["Authorization: Basic x Bearer {}"], id="after another scheme"),
        pytest.param(["Authorization: Basic x", "Authorization: Bearer {}"], id="second header"),
        pytest.param(["Authorization: Basic x, Bearer {}"], id="in a list"),
        pytest.param(["Authorization: xBearer {}"], id="end of another scheme"),
        pytest.param(["Authorization: Bearer x", "Authorization: Bearer {}"], id="two tokens"),
        pytest.param(["Authorization: bEaRer x BEARER {}"], id="mixed case"),
        pytest.param(["Authorization: Bearer x, BEARER {}"], id="two schemes"),
        pytest.param(
            ["Authorization: BEARER {}", "Authorization: Bearer x"], id="two schemes back"
        ),
        pytest.param(["Authorization: bearer x bearer {}"], id="lower case twice"),
    ],
)
def test_a_token_is_taken_from_a_bearer_credential_only(world: World, lines: list[str]) -> None:
    token = world.token(scope="weak")
    status, body = raw(*(line.format(token) for line in lines))
    assert status == 401, body


def test_other_refusals_of_envoy_have_text_for_a_code(world: World) -> None:
    many = {f"x-{number}": "1" for number in range(200)}
    reply: Any = world.call("/wide/v1/a", headers=many)
    assert (reply.status, reply.json["code"]) == (431, "431"), reply


def test_a_deployment_alone_takes_no_alias_away(world: World) -> None:
    newer = {"version": "v1.1", "context": "/wide"}
    world.in_force(*world.scene.api("wide", {"GET /new": "anonymous"}, state="CREATED", **newer))
    assert world.call("/wide/v1.1/new").status == 200
    assert world.call("/wide/v1/a").status == 200
    api = world.scene.rows("apis")["api_wide_v1.1"]
    world.in_force(world.scene.put("apis", replace(api, state=State.PRE_RELEASED)))
    assert world.call("/wide/v1/new").json["path"] == "/new"
    assert world.call("/wide/v1/a").status == 404
