"""HTTP/2 on the real Envoy, by a real client: each answer as over HTTP/1.1, and floods ended."""

import json
import socket
import ssl
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.crypto.served import ServerAuthority
from tests.gateway.conftest import SCENE
from tests.gateway.hosting import SEALER, domain
from tests.gateway.real import Gateway, Tokens, eventually, listening, signing_keys, upstream
from tests.gateway.scene import Scene

from gatewright.gateway.ir import TlsIr

pytestmark = pytest.mark.real
TLS_PORT, DOMAINS_PORT, UPSTREAM_PORT = 22743, 22744, 22799
GATEWAY = f"https://localhost:{TLS_PORT}"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, RESET, SETTINGS, PING, GOAWAY = 1, 3, 4, 6, 7
STREAMS_MAX = 100
HAS_CURL = b"HTTP2" in subprocess.run(["curl", "-V"], capture_output=True, check=False).stdout
needs_curl = pytest.mark.skipif(not HAS_CURL, reason="curl with HTTP/2 is not installed")


@dataclass
class House:
    token: Tokens
    root: Path

    def call(self, url: str, *headers: str, method: str = "GET") -> tuple[int, str, Any, str]:
        """Status, version, body and header lines, over HTTP/2 and nothing else."""
        plain = url.startswith("http:")
        how = ["--http2-prior-knowledge"] if plain else ["--http2", "--cacert", str(self.root)]
        done = subprocess.run(
            ["curl", "-sS", *how, "-X", method, "-D", "/dev/stderr",
             "--path-as-is", "--resolve", f"api.one.test:{DOMAINS_PORT}:127.0.0.1",
             *(part for line in headers for part in ("-H", line)),
             "-w", "\n%{http_version} %{http_code}", url],
            capture_output=True, text=True, timeout=20, check=True,
        )  # fmt: skip
        body, _, last = done.stdout.rpartition("\n")
        version, status = last.split()
        return int(status), version, json.loads(body or "null"), done.stderr.lower()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder, authority, keys = tmp_path_factory.mktemp("house"), ServerAuthority(), signing_keys()
    root = folder / "root.pem"
    root.write_text(authority.root_text)
    apis = [
        {**api, "upstream": f"http://127.0.0.1:{UPSTREAM_PORT}/base", "deploy": ("production",)}
        if api["handle"] == "books"
        else api
        for api in SCENE["apis"]
        if api["handle"] in ("books", "shut", "dead")
    ]
    scene = Scene({**SCENE, "environments": {"production": TLS_PORT}, "apis": apis}, keys)
    row = scene.rows("environments")["env_production"]
    scene.tables["environments"][row.id] = type(row)(
        row.id, row.organization_id, row.handle, row.name, row.kind, row.position, GATEWAY,
        row.created_at,
    )  # fmt: skip
    certificate, key = authority.issue("localhost").write(folder)
    scene.tls = TlsIr(str(certificate), str(key))
    scene.domains, scene.sealer = ("127.0.0.1", DOMAINS_PORT), SEALER
    domain(scene, "api.one.test", "env_production", authority.issue("api.one.test"))
    scene.proofs_socket = str(folder / "proofs.sock")
    with upstream(UPSTREAM_PORT), upstream(scene.sts_port):
        gateway = Gateway(folder, scene)
        try:
            gateway.start_control()
            gateway.start_envoy()
            eventually(lambda: listening(TLS_PORT) and listening(DOMAINS_PORT))
            yield House(Tokens(keys, GATEWAY), root)
        finally:
            gateway.close()


BOOKS = "/books/v1.0"
CASES = [
    pytest.param(f"{BOOKS}/books", {}, "GET", 200, None, "", id="let in"),
    pytest.param(f"{BOOKS}/books", None, "GET", 401, "900902", "bearer realm=", id="no token"),
    pytest.param(f"{BOOKS}/books", {"exp": 1}, "GET", 401, "900903", "invalid_token", id="old"),
    pytest.param(f"{BOOKS}/books", {"jti": "revoked-1"}, "GET", 401, "900901", "invalid_token",
                 id="revoked"),
    pytest.param(f"{BOOKS}/books", {"key_of": "sandbox"}, "GET", 401, "900901", "invalid_token",
                 id="another kind's key"),
    pytest.param(f"{BOOKS}/books", {"application": "stranger"}, "GET", 403, "900908", "",
                 id="not subscribed"),
    pytest.param(f"{BOOKS}/books", {"scope": "other"}, "GET", 403, "900910",
                 "insufficient_scope", id="scope"),
    pytest.param(f"{BOOKS}/nowhere", {}, "GET", 404, "404", "", id="no such path"),
    pytest.param(f"{BOOKS}/books", {}, "PUT", 405, "405", "allow: ", id="no such method"),
    pytest.param("/shut/v1.0/a", {}, "GET", 503, "700700", "", id="blocked"),
    pytest.param("/dead/v1.0/a", {}, "GET", 503, "101503", "", id="no upstream"),
    pytest.param(f"{BOOKS}/a%2Fb", {}, "GET", 400, "400", "", id="escaped slash"),
]  # fmt: skip


@needs_curl
@pytest.mark.parametrize(("path", "token", "method", "status", "code", "head"), CASES)
@pytest.mark.parametrize("base", [GATEWAY, f"https://api.one.test:{DOMAINS_PORT}"],
                         ids=["own port", "domain"])  # fmt: skip
def test_each_answer_over_http2(
    house: House, base: str, path: str, token: dict[str, Any] | None, method: str, status: int,
    code: str | None, head: str,
) -> None:  # fmt: skip
    lines = () if token is None else (f"Authorization: Bearer {house.token(**token)}",)
    found, version, body, headers = house.call(base + path, *lines, method=method)
    assert (found, version) == (status, "2"), body
    if code is None:
        assert body["path"] == "/base/books"
    else:
        assert body["code"] == code
    assert head in headers


@needs_curl
def test_a_limit_over_http2(house: House) -> None:
    line = f"Authorization: Bearer {house.token('slow')}"
    found = [house.call(f"{GATEWAY}{BOOKS}/books", line) for _ in range(5)]
    assert [status for status, *_ in found].count(429) >= 1
    last = found[-1]
    assert (last[0], last[1], last[2]["code"]) == (429, "2", "900804")


@needs_curl
def test_another_host_is_misdirected_over_http2(house: House) -> None:
    url = f"https://api.one.test:{DOMAINS_PORT}{BOOKS}/health"
    assert house.call(url, "Host: api.two.test")[:2] == (421, "2")


def frame(kind: int, stream: int, body: bytes = b"", flags: int = 0) -> bytes:
    return (
        struct.pack(">I", len(body))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + body
    )


def literal(name: int, value: bytes) -> bytes:
    """A header whose name is in HPACK's static table, its value not indexed (RFC 7541 §6.2.2)."""
    return bytes((name, len(value))) + value


def opened(stream: int) -> bytes:
    block = b"\x82\x87" + literal(0x04, b"/books/v1.0/health") + literal(0x01, b"api.one.test")
    return frame(HEADERS, stream, block, 0x5)


class Raw:
    """Frames over TLS, as no library would send them."""

    def __init__(self, root: Path) -> None:
        context = ssl.create_default_context(cafile=str(root))
        context.set_alpn_protocols(["h2"])
        plain = socket.create_connection(("127.0.0.1", DOMAINS_PORT), 5)
        self.socket = context.wrap_socket(plain, server_hostname="api.one.test")
        assert self.socket.selected_alpn_protocol() == "h2"
        self.socket.sendall(PREFACE + frame(SETTINGS, 0))
        self._left = b""

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def frames(self) -> Iterator[tuple[int, int, bytes]]:
        while True:
            while len(self._left) >= 9:
                length = int.from_bytes(self._left[:3])
                if len(self._left) < 9 + length:
                    break
                head, body = self._left[:9], self._left[9 : 9 + length]
                self._left = self._left[9 + length :]
                yield head[3], int.from_bytes(head[5:9]) & 0x7FFFFFFF, body
            try:
                more = self.socket.recv(65_536)
            except OSError:
                return
            if not more:
                return
            self._left += more

    def is_ended_by(self, flood: Iterator[bytes]) -> bool:
        """Whether the gateway ends the connection while, or after, it is sent all that."""
        try:
            for piece in flood:
                self.socket.sendall(piece)
            self.socket.sendall(frame(PING, 0, b"lastping"))
        except OSError:
            return True
        return not any(kind == PING and body == b"lastping" for kind, _, body in self.frames())


def test_at_most_a_hundred_streams_at_once(house: House) -> None:
    with Raw(house.root) as raw:
        kind, _, body = next(raw.frames())
    assert kind == SETTINGS
    settings = dict(struct.unpack(">HI", body[at : at + 6]) for at in range(0, len(body), 6))
    assert settings[3] == STREAMS_MAX


@pytest.mark.parametrize("flood", [
    pytest.param(lambda: (opened(2 * n + 1) + frame(RESET, 2 * n + 1, b"\0\0\0\x08")
                          for n in range(3000)), id="streams opened and reset"),
    pytest.param(lambda: (frame(PING, 0, b"x" * 8) * 100 for _ in range(2000)), id="pings"),
    pytest.param(lambda: (frame(SETTINGS, 0) * 100 for _ in range(2000)), id="settings"),
    pytest.param(lambda: iter([frame(HEADERS, 1, b"\x82\x87" + literal(0x04, b"/") , 0x1)]
                              + [frame(9, 1, b"") for _ in range(1000)]),
                 id="empty continuations"),
    pytest.param(lambda: (frame(2, 0x7FFFFFFF, b"\0\0\0\0\x10") * 100 for _ in range(100)),
                 id="priorities"),
])  # fmt: skip
def test_a_flood_ends_its_connection_and_no_other(house: House, flood: Any) -> None:
    with Raw(house.root) as other, Raw(house.root) as raw:
        assert raw.is_ended_by(flood())
        other.socket.sendall(opened(1))
        assert any(kind == HEADERS and stream == 1 for kind, stream, _ in other.frames())


@needs_curl
def test_a_plain_listener_takes_http2_without_asking(tmp_path: Path) -> None:
    """AUTO: the first bytes of a connection say which version it speaks (RFC 9113 §3.3)."""
    port = 22780
    api = {"handle": "books", "operations": {"GET /health": "anonymous"}}
    scene = Scene({"environments": {"production": port}, "apis": [api]}, signing_keys())
    gateway = Gateway(tmp_path, scene)
    with upstream(22099):
        try:
            gateway.start_control()
            gateway.start_envoy()
            eventually(lambda: listening(port))
            house = House(Tokens(signing_keys(), ""), tmp_path)
            assert house.call(f"http://127.0.0.1:{port}{BOOKS}/health")[:2] == (200, "2")
            assert house.call(f"http://127.0.0.1:{port}{BOOKS}/no")[:2] == (404, "2")
        finally:
            gateway.close()
