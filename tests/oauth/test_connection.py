"""One connection as bytes: keep-alive, pipelines, bounds, and what is no request. RFC 9112."""

import asyncio
import re

import pytest
from tests.sts.installation import PRODUCTION, Installation, Pair, Wire, basic, parse_answer

from gatewright.interfaces.oauth.connection import (
    CONNECTIONS_MAX,
    IDLE_SECONDS_MAX,
    REQUEST_SECONDS_MAX,
    Connections,
)

JWKS = f"GET {PRODUCTION}/jwks HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def send(gw: Installation, raw: bytes) -> bytes:
    return asyncio.run(gw.exchange(raw))


def statuses(raw: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", raw)]


def post(pair: Pair, endpoint: str, body: str, extra: str = "") -> bytes:
    head = (
        f"POST {PRODUCTION}/{endpoint} HTTP/1.1\r\nHost: a\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Authorization: {basic(pair.client_id, pair.secret)}\r\n"
        f"Content-Length: {len(body)}\r\n{extra}\r\n"
    )
    return (head + body).encode()


def test_pipelined_requests_are_answered_in_order(gw: Installation) -> None:
    other = JWKS.replace(b"/jwks", b"/nothing")
    assert statuses(send(gw, JWKS + other + JWKS)) == [200, 404, 200]


def test_answers_wait_for_a_revocation_before_them(gw: Installation, pair: Pair) -> None:
    token = gw.token(pair)
    ask = post(pair, "introspect", f"token={token}")
    raw = send(gw, ask + post(pair, "revoke", f"token={token}") + ask + JWKS)
    assert statuses(raw) == [200, 200, 200, 200]
    assert raw.index(b'"active":true') < raw.index(b'"active":false') < raw.index(b'"keys"')


@pytest.mark.parametrize("size", [1, 7, 100])
def test_requests_may_come_in_pieces(gw: Installation, pair: Pair, size: int) -> None:
    raw = post(pair, "token", "grant_type=client_credentials") + JWKS

    async def drip() -> bytes:
        wire = Wire("a")
        connection = Connections(gw.app, gw.world).accept()
        connection.connection_made(wire)
        for place in range(0, len(raw), size):
            connection.data_received(raw[place : place + size])
        return wire.sent

    assert gw.service and statuses(asyncio.run(drip())) == [200, 200]


@pytest.mark.parametrize(("raw", "closes"), [
    pytest.param(JWKS, False, id="1.1 stays"),
    pytest.param(JWKS.replace(b"Host: a", b"Host: a\r\nConnection: close"), True, id="told to"),
    pytest.param(JWKS.replace(b"HTTP/1.1", b"HTTP/1.0"), True, id="1.0 ends"),
    pytest.param(JWKS.replace(b"Host: a", b"Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                              b"Upgrade: h2c\r\nHTTP2-Settings: AAM"), True, id="upgrade offered"),
])  # fmt: skip
def test_when_a_connection_ends(gw: Installation, raw: bytes, closes: bool) -> None:
    answer = parse_answer(send(gw, raw))
    assert answer.status == 200
    assert answer.headers.get("connection") == ("close" if closes else None)


def test_an_offered_upgrade_does_not_lose_the_body(gw: Installation, pair: Pair) -> None:
    assert gw.service
    extra = "Connection: Upgrade\r\nUpgrade: h2c\r\n"
    raw = post(pair, "token", "grant_type=client_credentials", extra)

    async def in_two(place: int) -> bytes:
        wire, connection = connected(Connections(gw.app, gw.world))
        connection.data_received(raw[:place])
        connection.data_received(raw[place:])
        return wire.sent

    for place in (10, len(raw) - 29, len(raw) - 5, len(raw)):
        assert statuses(asyncio.run(in_two(place))) == [200]


@pytest.mark.parametrize(("raw", "status"), [
    pytest.param(b"nonsense\r\n\r\n", 400, id="no HTTP"),
    pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="HTTP/2"),
    pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", 400, id="TLS"),
    pytest.param(JWKS.replace(b"Host: a\r\n", b""), 400, id="no Host"),
    pytest.param(JWKS.replace(b"Host: a", b"Host: a\r\nHost: b"), 400, id="two Hosts"),
    pytest.param(JWKS.replace(b"Host: a", b"Host: a\r\nX: " + b"x" * 17_000), 431, id="big header"),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                 400, id="two lengths"),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked"
                 b"\r\n\r\n0\r\n\r\n", 400, id="length and chunks"),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, id="negative"),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999\r\n\r\n", 413,
                 id="declared too large"),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5000\r\n"
                 + b"x" * 0x5000, 413, id="chunks too large"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX\n: y\r\n\r\n", 400, id="broken header name"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n folded: y\r\n\r\n", 400, id="folded header"),
    pytest.param(b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 404, id="CONNECT"),
])  # fmt: skip
def test_what_can_not_be_trusted_ends_the_connection(
    gw: Installation, raw: bytes, status: int
) -> None:
    """Nothing after it is read as a request: the smuggled one is not answered."""
    answer = send(gw, raw + JWKS)
    assert statuses(answer) == [status]
    assert b"connection: close" in answer


def test_chunked_bodies_are_read(gw: Installation, pair: Pair) -> None:
    body = "1d\r\ngrant_type=client_credentials\r\n0\r\n\r\n"
    raw = post(pair, "token", body).replace(
        f"Content-Length: {len(body)}".encode(), b"Transfer-Encoding: chunked"
    )
    assert statuses(send(gw, raw)) == [200]


def test_who_asks_whether_to_continue_is_told(gw: Installation, pair: Pair) -> None:
    raw = post(pair, "token", "grant_type=client_credentials", "Expect: 100-continue\r\n")
    assert statuses(send(gw, raw)) == [100, 200]


def connected(connections: Connections) -> tuple[Wire, object]:
    wire, connection = Wire("a"), connections.accept()
    connection.connection_made(wire)
    return wire, connection


def test_slow_requests_and_idle_connections_end(gw: Installation) -> None:
    async def run() -> None:
        connections = Connections(gw.app, gw.world)
        now = asyncio.get_running_loop().time()
        slow, connection = connected(connections)
        connection.data_received(JWKS[:10])
        silent, _ = connected(connections)
        idle, used = connected(connections)
        used.data_received(JWKS)
        connections.tick(now + REQUEST_SECONDS_MAX - 1)
        assert not (slow.closed or silent.closed or idle.closed)
        connections.tick(now + REQUEST_SECONDS_MAX + 1)
        assert slow.closed and silent.closed and not idle.closed
        assert statuses(slow.sent) == [408] and silent.sent == b""
        connections.tick(now + IDLE_SECONDS_MAX + 1)
        assert idle.closed

    assert gw.service
    asyncio.run(run())


def test_connections_are_bounded(gw: Installation) -> None:
    async def run() -> None:
        connections = Connections(gw.app, gw.world)
        wires = [connected(connections)[0] for _ in range(CONNECTIONS_MAX)]
        over, _ = connected(connections)
        assert statuses(over.sent) == [503] and over.closed
        assert not any(wire.closed for wire in wires)

    assert gw.service
    asyncio.run(run())


def test_draining_lets_what_is_under_way_finish(gw: Installation) -> None:
    async def run() -> None:
        connections = Connections(gw.app, gw.world)
        idle, unused = connected(connections)
        busy, connection = connected(connections)
        connection.data_received(JWKS[:10])
        connections.drain()
        assert idle.closed and not busy.closed
        unused.connection_lost(None)
        assert not connections.emptied.is_set()
        connection.data_received(JWKS[10:])
        assert statuses(busy.sent) == [200] and busy.closed
        connection.connection_lost(None)
        assert connections.emptied.is_set()

    assert gw.service
    asyncio.run(run())


def test_who_does_not_read_gets_no_more(gw: Installation) -> None:
    async def run() -> None:
        wire, connection = connected(Connections(gw.app, gw.world))
        connection.pause_writing()
        assert wire.paused
        connection.resume_writing()
        assert not wire.paused

    assert gw.service
    asyncio.run(run())
