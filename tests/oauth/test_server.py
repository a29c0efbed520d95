"""The real server on a real socket: what is no request, bounds, keep-alive, RFC 9110 and 9112."""

import json
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from tests.oauth.worker import (
    GRANT,
    JWKS,
    JWKS_ONCE,
    Worker,
    exchange,
    receive,
    receive_all,
    statuses,
    workers,
)
from tests.sts.installation import PRODUCTION

from gatewright.interfaces.oauth.app import READERS_PER_ADDRESS_MAX
from gatewright.interfaces.oauth.readers import BODY_SECONDS_MAX

pytestmark = pytest.mark.real
CLOSE = "Connection: close\r\n"


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with workers() as (one,):
        yield one


def connect(worker: Worker) -> socket.socket:
    return socket.create_connection(("127.0.0.1", worker.port), timeout=20)


def token(worker: Worker) -> str:
    raw = exchange(worker.port, worker.post("token", GRANT, CLOSE))
    return json.loads(raw.partition(b"\r\n\r\n")[2])["access_token"]


@pytest.mark.parametrize(("raw", "status"), [
    pytest.param(b"nonsense\r\n\r\n", 400, id="no HTTP"),
    pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", 400, id="TLS"),
    pytest.param(JWKS.replace(b"Host: a", b"Host: a\r\nX: " + b"x" * 17_000), 431, id="big header"),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                 400, id="two lengths"),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, id="negative"),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked"
                 b"\r\n\r\n0\r\n\r\n", 404, id="length and chunks"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX\n: y\r\n\r\n", 400, id="broken header name"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n folded: y\r\n\r\n", 400, id="folded header"),
])  # fmt: skip
def test_what_can_not_be_trusted_ends_the_connection(
    worker: Worker, raw: bytes, status: int
) -> None:
    """Nothing after it is read as a request: the smuggled one is not answered."""
    answer = exchange(worker.port, raw + JWKS)
    assert statuses(answer) == [status]
    assert b"connection: close" in answer


@pytest.mark.parametrize(("host", "status"), [
    pytest.param(b"", 400, id="none"),
    pytest.param(b"Host: a\r\nHost: b\r\n", 400, id="two"),
    pytest.param(b"Host: a\r\n", 200, id="one"),
])  # fmt: skip
def test_there_is_one_host(worker: Worker, host: bytes, status: int) -> None:
    raw = JWKS_ONCE.replace(b"Host: a\r\n", host)
    assert statuses(exchange(worker.port, raw)) == [status]


def test_http_2_is_not_spoken(worker: Worker) -> None:
    assert exchange(worker.port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + JWKS_ONCE) == b""


def test_a_body_that_is_declared_too_large_is_not_waited_for(worker: Worker) -> None:
    raw = worker.post("token", "", length=16_385)
    assert statuses(exchange(worker.port, raw)) == [413]


def test_chunks_are_read_up_to_the_bound(worker: Worker) -> None:
    head = worker.post("token", "").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    good = b"1d\r\ngrant_type=client_credentials\r\n0\r\n\r\n"
    once = head.replace(b"Host: a", b"Host: a\r\nConnection: close")
    assert statuses(exchange(worker.port, once + good)) == [200]
    endless = b"4000\r\n" + b"x" * 0x4000 + b"\r\n1\r\nx\r\n"  # and no last chunk
    assert statuses(exchange(worker.port, head + endless)) == [413]


def test_a_body_may_come_in_pieces_and_late(worker: Worker) -> None:
    raw = worker.post("token", GRANT)
    with connect(worker) as slow:
        for place in range(0, len(raw) - 1, 50):
            slow.sendall(raw[place : min(place + 50, len(raw) - 1)])
        for _ in range(20):  # nobody waits for it
            assert statuses(exchange(worker.port, worker.post("token", GRANT, CLOSE))) == [200]
        slow.sendall(raw[-1:])
        assert statuses(receive(slow)) == [200]


def test_a_body_that_ends_early_does_nothing(worker: Worker) -> None:
    living = token(worker)
    with connect(worker) as broken:
        broken.sendall(worker.post("revoke", f"token={living}", length=len(living) + 7))
        broken.shutdown(socket.SHUT_WR)
        assert 200 not in statuses(receive_all(broken))
    asked = exchange(worker.port, worker.post("introspect", f"token={living}", CLOSE))
    assert b'"active":true' in asked


@pytest.mark.parametrize("second", ["", "Basic YTpi", "Bearer x", "basic é"])
def test_two_authorization_headers_are_refused(worker: Worker, second: str) -> None:
    line = f"Authorization: {second}\r\n"
    after = worker.post("token", GRANT, line + CLOSE)
    before = after.replace(line.encode(), b"").replace(
        b"Host: a\r\n", b"Host: a\r\n" + line.encode()
    )
    for raw in (after, before):
        answer = exchange(worker.port, raw)
        assert statuses(answer) == [400] and b"repeated" in answer


def test_pipelined_requests_are_answered_in_order(worker: Worker) -> None:
    living = token(worker)
    ask = worker.post("introspect", f"token={living}")
    raw = exchange(worker.port, ask + worker.post("revoke", f"token={living}") + ask + JWKS_ONCE)
    assert statuses(raw) == [200, 200, 200, 200]
    assert raw.index(b'"active":true') < raw.index(b'"active":false') < raw.index(b'"keys"')


@pytest.mark.parametrize(("raw", "stays"), [
    pytest.param(JWKS, True, id="1.1 stays"),
    pytest.param(JWKS_ONCE, False, id="told to"),
    pytest.param(JWKS.replace(b"HTTP/1.1", b"HTTP/1.0"), False, id="1.0 ends"),
    pytest.param(JWKS.replace(b"Host: a", b"Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                              b"Upgrade: h2c\r\nHTTP2-Settings: AAM"), True, id="upgrade offered"),
])  # fmt: skip
def test_when_a_connection_ends(worker: Worker, raw: bytes, stays: bool) -> None:
    assert statuses(exchange(worker.port, raw + JWKS_ONCE)) == [200] * (1 + stays)


def test_a_connection_is_kept_for_the_next_request(worker: Worker) -> None:
    with connect(worker) as wire:
        for _ in range(3):
            wire.sendall(worker.post("token", GRANT))
            assert statuses(receive(wire)) == [200]


def test_who_asks_whether_to_continue_is_told(worker: Worker) -> None:
    raw = worker.post("token", GRANT, f"Expect: 100-continue\r\n{CLOSE}")
    assert statuses(exchange(worker.port, raw)) == [100, 200]


def test_answers_without_a_body(worker: Worker) -> None:
    head = exchange(worker.port, JWKS_ONCE.replace(b"GET", b"HEAD"))
    assert statuses(head) == [200] and head.endswith(b"\r\n\r\n")
    assert int(head.partition(b"content-length: ")[2].partition(b"\r")[0]) > 100
    options = exchange(worker.port, JWKS_ONCE.replace(b"GET", b"OPTIONS"))
    assert statuses(options) == [204] and b"content-length" not in options


@pytest.mark.parametrize(("target", "status"), [
    pytest.param(f"{PRODUCTION}/jwks?x=1", 200, id="query"),
    pytest.param(f"{PRODUCTION}/%6awks", 200, id="escaped letter"),
    pytest.param(f"/x/..{PRODUCTION}/jwks", 404, id="dots are not resolved"),
    pytest.param(f"/{PRODUCTION}/jwks", 404, id="double slash"),
    pytest.param(f"{PRODUCTION}/jwks%00", 404, id="nul"),
    pytest.param(f"http://other.test{PRODUCTION}/jwks", 200, id="absolute form"),
    pytest.param("*", 404, id="star"),
])  # fmt: skip
def test_addresses(worker: Worker, target: str, status: int) -> None:
    raw = JWKS_ONCE.replace(f"{PRODUCTION}/jwks".encode(), target.encode())
    assert statuses(exchange(worker.port, raw)) == [status]


def test_one_address_can_not_hold_every_thread_by_slow_bodies(worker: Worker) -> None:
    raw = worker.post("token", GRANT, CLOSE)
    slow = [connect(worker) for _ in range(READERS_PER_ADDRESS_MAX)]
    try:
        for one in slow:
            one.sendall(raw[:-1])
        assert eventually(lambda: statuses(exchange(worker.port, raw)) == [503])
        elsewhere = ("127.0.0.2", 0)
        with socket.create_connection(("127.0.0.1", worker.port), 20, elsewhere) as other:
            other.sendall(raw)
            assert statuses(receive_all(other)) == [200]
        for one in slow:
            one.sendall(raw[-1:])
        assert [statuses(receive_all(one)) for one in slow] == [[200]] * len(slow)
    finally:
        for one in slow:
            one.close()
    assert eventually(lambda: statuses(exchange(worker.port, raw)) == [200])


def test_who_never_finishes_a_body_is_answered(worker: Worker) -> None:
    with connect(worker) as slow:
        slow.sendall(worker.post("token", GRANT)[:-1])
        began = time.monotonic()
        answer = receive(slow)
        assert statuses(answer) == [408] and b"connection: close" in answer
        assert BODY_SECONDS_MAX - 0.1 < time.monotonic() - began < BODY_SECONDS_MAX + 5


def eventually(condition: Callable[[], bool]) -> bool:
    return any(condition() or time.sleep(0.05) for _ in range(200))
