"""Keys that are fetched: kept, renewed, missed, and never at a price for others.

The issuer is a real server on a real socket, read by the guarded fetcher of the installation.
"""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.crypto.keyholder import Keyholder
from tests.oauth.issuers import FakeIssuer, fake_issuer
from tests.oauth.test_assertions import TOKEN, said, send
from tests.sts.installation import Installation, Pair

from gatewright.control.fetch import Fetcher
from gatewright.domain.authenticator import Method
from gatewright.domain.errors import Invalid
from gatewright.domain.world import World
from gatewright.main.outside import key_fetch
from gatewright.main.world import real_world
from gatewright.sts import remote_keys
from gatewright.sts.errors import TemporarilyUnavailable
from gatewright.sts.proof import KeysNeeded

pytestmark = pytest.mark.real


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with fake_issuer() as made:
        yield made


@pytest.fixture
def remote(gw: Installation, pair: Pair, issuer: FakeIssuer) -> Pair:
    """A client whose keys are at an address."""
    gw.fetch = key_fetch(real_world(), allow_private=True)
    gw.add_authenticator(pair.credential, Method.PRIVATE_KEY_JWT, jwks_uri=issuer.jwks_uri)
    return pair


NUMBERS = iter(range(10_000))


def sent(gw: Installation, pair: Pair, holder: Keyholder, **header):
    return send(gw, holder.sign(said(gw, pair, jti=f"n{next(NUMBERS)}"), **header))


def lost(gw: Installation) -> list[str]:
    return [line["reason"] for line in gw.lines if line["event"] == "keys.lost"]


def test_keys_are_fetched_once_and_kept(gw, remote: Pair, issuer: FakeIssuer) -> None:
    for _ in range(3):
        assert sent(gw, remote, issuer.keys[0]).status == 200
    assert issuer.asked == ["/jwks"]
    gw.clock.pass_by(minutes=9)
    assert sent(gw, remote, issuer.keys[0]).status == 200
    assert issuer.asked == ["/jwks"]
    gw.clock.pass_by(minutes=2)
    assert sent(gw, remote, issuer.keys[0]).status == 200
    assert issuer.asked == ["/jwks"] * 2


def test_a_new_key_is_found(gw: Installation, remote: Pair, issuer: FakeIssuer) -> None:
    assert sent(gw, remote, issuer.keys[0]).status == 200
    gw.clock.pass_by(seconds=31)
    issuer.keys.insert(0, Keyholder("ES256", kid="k2"))
    assert sent(gw, remote, issuer.keys[0]).status == 200
    assert sent(gw, remote, issuer.keys[1]).status == 200
    assert len(issuer.asked) == 2


def test_a_key_that_was_taken_away_ends(gw, remote: Pair, issuer: FakeIssuer) -> None:
    old = issuer.keys[0]
    assert sent(gw, remote, old).status == 200
    issuer.keys = [Keyholder("ES256", kid="k2")]
    gw.clock.pass_by(minutes=11)
    assert sent(gw, remote, old).status == 401


def test_unknown_keys_do_not_fetch_over_and_over(gw, remote: Pair, issuer: FakeIssuer) -> None:
    assert sent(gw, remote, issuer.keys[0]).status == 200
    for number in range(10):
        assert sent(gw, remote, Keyholder("ES256", kid=f"x{number}")).status == 401
    assert len(issuer.asked) == 1
    gw.clock.pass_by(seconds=30)
    for number in range(10):
        assert sent(gw, remote, Keyholder("ES256", kid=f"x{number}")).status == 401
    assert len(issuer.asked) == 2


def test_nothing_is_fetched_before_cheap_checks(gw, remote: Pair, issuer: FakeIssuer) -> None:
    other = gw.add_pair(gw.add_application())
    expired = gw.add_pair(gw.add_application())
    gw.add_authenticator(expired.credential, Method.PRIVATE_KEY_JWT,
                         gw.clock.now - timedelta(1), jwks_uri=issuer.jwks_uri)  # fmt: skip
    holder = issuer.keys[0]
    assertions = [
        holder.sign(said(gw, other)),
        holder.sign(said(gw, expired)),
        holder.sign(said(gw, remote, iss="client_0", sub="client_0")),
        holder.sign(said(gw, remote, aud="https://elsewhere.test")),
        holder.sign(said(gw, remote, exp=1)),
        holder.sign(said(gw, remote, jti=None)),
        holder.sign(said(gw, remote), typ="at+jwt"),
        holder.sign(said(gw, remote), "HS256"),
    ]
    assert {send(gw, assertion).status for assertion in assertions} == {401}
    assert issuer.asked == []


def test_an_outage_is_lived_through(gw: Installation, remote: Pair, issuer: FakeIssuer) -> None:
    assert sent(gw, remote, issuer.keys[0]).status == 200
    issuer.answer = (500, {}, b"")
    gw.clock.pass_by(hours=1)
    for _ in range(5):
        assert sent(gw, remote, issuer.keys[0]).status == 200
    assert len(issuer.asked) == 2 and lost(gw) == ["answers 500."]
    gw.clock.pass_by(hours=22)
    assert sent(gw, remote, issuer.keys[0]).status == 200
    gw.clock.pass_by(hours=2)
    answer = sent(gw, remote, issuer.keys[0])
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    issuer.answer = None
    gw.clock.pass_by(minutes=5)
    assert sent(gw, remote, issuer.keys[0]).status == 200


def test_a_dead_address_is_left_alone_for_longer_and_longer(gw, remote, issuer) -> None:
    issuer.answer = (503, {}, b"")
    for _ in range(120):
        answer = sent(gw, remote, issuer.keys[0])
        assert answer.status == 503 and int(answer.headers["retry-after"]) >= 1
        gw.clock.pass_by(seconds=5)
    assert 5 <= len(issuer.asked) <= 9
    issuer.answer = None
    gw.clock.pass_by(minutes=5)
    assert sent(gw, remote, issuer.keys[0]).status == 200


def huge() -> bytes:
    return b'{"keys":[],"x":"' + b"a" * 70_000 + b'"}'


PRIVATE = json.dumps({"keys": [Keyholder("ES256").jwk(d="AA")]}).encode()
BAD = [
    pytest.param((200, {}, huge()), "64 KiB", id="huge"),
    pytest.param((200, {}, b"<html>"), "JSON", id="wrong content"),
    pytest.param((200, {}, b"\xff\xfe"), "UTF-8", id="not UTF-8"),
    pytest.param((200, {}, b'{"keys":[]}'), "no key", id="no keys"),
    pytest.param((200, {}, PRIVATE), "private", id="a private key"),
    pytest.param((404, {}, b""), "404", id="not found"),
    pytest.param((302, {"Location": "http://169.254.169.254/latest/meta-data"}, b""),
                 "not a public address", id="redirect to the metadata address"),
    pytest.param((302, {"Location": "http://[fd00:ec2::254]/"}, b""), "not a public address",
                 id="redirect to the metadata address, IPv6"),
    pytest.param((302, {"Location": "file:///etc/passwd"}, b""), "http", id="redirect to a file"),
    pytest.param((302, {"Location": "/jwks"}, b""), "redirects", id="redirect without end"),
    pytest.param((200, {"Content-Length": "9999"}, b"{}"), "can not be read", id="cut off"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "reason"), BAD)
def test_bad_answers_open_nothing(gw, remote: Pair, issuer: FakeIssuer, answer, reason) -> None:
    issuer.answer = answer
    given = sent(gw, remote, issuer.keys[0])
    assert (given.status, given.json["error"]) == (503, "temporarily_unavailable")
    assert len(lost(gw)) == 1 and reason in lost(gw)[0]


def test_a_down_issuer_opens_nothing(gw: Installation, pair: Pair) -> None:
    gw.fetch = key_fetch(real_world(), allow_private=True)
    with fake_issuer() as gone:
        gw.add_authenticator(pair.credential, Method.PRIVATE_KEY_JWT, jwks_uri=gone.jwks_uri)
    assert sent(gw, pair, gone.keys[0]).status == 503
    assert "ConnectError" in lost(gw)[0]


@pytest.mark.parametrize("uri", ["http://127.0.0.1:1/jwks", "https://127.0.0.1:1/jwks",
                                 "https://169.254.169.254/jwks", "https://[::1]/jwks"])  # fmt: skip
def test_strangers_never_lead_inside(gw: Installation, pair: Pair, uri: str) -> None:
    gw.fetch = key_fetch(real_world(), allow_private=False)
    gw.add_authenticator(pair.credential, Method.PRIVATE_KEY_JWT, jwks_uri=uri)
    assert sent(gw, pair, Keyholder()).status == 503
    assert "not a public address" in lost(gw)[0] or "https" in lost(gw)[0]


def test_a_slow_issuer_holds_up_nobody_else(gw: Installation, remote: Pair, issuer) -> None:
    """Neither others' requests, nor further ones of the same client beyond the bound."""
    issuer.slow_seconds = 1.5
    other = gw.add_pair(gw.add_application())
    assert gw.post(TOKEN, other).status == 200
    statuses: list[int] = []

    def ask(assertion: str) -> None:
        statuses.append(send(gw, assertion).status)

    assertions = [issuer.sign(said(gw, remote, jti=f"s{number}")) for number in range(20)]
    threads = [threading.Thread(target=ask, args=(item,)) for item in assertions]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    began = time.monotonic()
    assert gw.post(TOKEN, other).status == 200
    assert time.monotonic() - began < 0.5
    assert statuses.count(503) == 4
    for thread in threads:
        thread.join(30)
    assert statuses.count(200) == 16
    assert len(issuer.asked) == 1


def test_old_keys_are_used_while_new_ones_come(gw, remote: Pair, issuer: FakeIssuer) -> None:
    assert sent(gw, remote, issuer.keys[0]).status == 200
    gw.clock.pass_by(minutes=11)
    issuer.slow_seconds = 1.5
    assertion = issuer.sign(said(gw, remote, jti="slow"))
    thread = threading.Thread(target=send, args=(gw, assertion))
    thread.start()
    time.sleep(0.4)
    began = time.monotonic()
    assert sent(gw, remote, issuer.keys[0]).status == 200
    assert time.monotonic() - began < 0.5
    thread.join(20)
    assert len(issuer.asked) == 2


def test_slow_addresses_of_others_take_no_kept_keys(gw, remote, issuer, monkeypatch) -> None:
    assert sent(gw, remote, issuer.keys[0]).status == 200
    gw.clock.pass_by(minutes=11)
    with monkeypatch.context() as full:
        full.setattr(remote_keys, "FETCHING_MAX", 0)
        assert [sent(gw, remote, issuer.keys[0]).status for _ in range(2)] == [200, 200]
        assert sent(gw, remote, Keyholder()).status == 401
        gw.clock.pass_by(hours=24)
        assert sent(gw, remote, issuer.keys[0]).status == 503
    assert len(issuer.asked) == 1
    gw.clock.pass_by(minutes=1)
    assert sent(gw, remote, issuer.keys[0]).status == 200
    assert len(issuer.asked) == 2


def test_one_host_is_one_however_it_is_spelled(gw: Installation, monkeypatch) -> None:
    monkeypatch.setattr(remote_keys, "FETCHING_PER_HOST_MAX", 1)
    began, go_on = threading.Event(), threading.Event()

    def wait(_uri: str) -> bytes:
        began.set()
        assert go_on.wait(10)
        return b""

    keys = remote_keys.RemoteKeys(wait, gw.world)
    slow = threading.Thread(target=keys.fetch, args=(KeysNeeded("https://slow.test/a"),))
    slow.start()
    assert began.wait(10)
    for spelling in ("https://SLOW.test/b", "https://slow.test:443/b", "https://slow.test:8443/b"):
        with pytest.raises(TemporarilyUnavailable):
            keys.fetch(KeysNeeded(spelling))
    go_on.set()
    slow.join(10)


@pytest.mark.parametrize("beginning", [
    pytest.param(b"", id="status line"),
    pytest.param(b"HTTP/1.1 200 OK\r\nx: ", id="head"),
    pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", id="chunk"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", id="body"),
])  # fmt: skip
def test_an_answer_in_drops_ends(beginning: bytes) -> None:
    """Each drop is within the client's own timeout; the whole is not within ours."""
    ended = threading.Event()

    def drip() -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(beginning or b"H")
            while not ended.wait(0.05):
                connection.sendall(b"a")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip)
        thread.start()
        fetcher = Fetcher(real_world(), allow_private=True, seconds_max=1)
        began = time.monotonic()
        with pytest.raises(Invalid):
            fetcher.read(f"http://127.0.0.1:{server.getsockname()[1]}/jwks")
        assert time.monotonic() - began < 3
        ended.set()
        thread.join(10)


def test_an_endless_answer_ends(gw: Installation, pair: Pair, issuer: FakeIssuer) -> None:
    """A byte now and then keeps a connection alive, and still there is an end to it."""
    real = real_world()
    began = real.now()
    moments = iter(range(10_000))
    world = World(lambda: began + timedelta(seconds=next(moments)), real.random_bytes)
    gw.fetch = key_fetch(world, allow_private=True)
    gw.add_authenticator(pair.credential, Method.PRIVATE_KEY_JWT, jwks_uri=issuer.jwks_uri)
    issuer.answer = (302, {"Location": "/jwks"}, b"")
    assert sent(gw, pair, issuer.keys[0]).status == 503
    assert lost(gw) == ["takes over 5 s."]
