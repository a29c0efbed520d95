"""A real Envoy, a real upstream and signed tokens for tests; everything it starts it ends."""

import asyncio
import contextlib
import http.client
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt as pyjwt
from joserfc.jwk import ECKey
from tests.gateway.scene import STS_URL, Scene

from gatewright.domain.environment import Kind
from gatewright.domain.observed import ApiFault
from gatewright.domain.world import World
from gatewright.gateway.descriptors import load_messages
from gatewright.gateway.envoy import Bootstrap, binary, bootstrap
from gatewright.gateway.snapshot import Snapshot
from gatewright.interfaces.ads.process import GatewaySettings, run
from gatewright.observability.log import Log
from gatewright.store.sql.opening import migrate, open_store

WORLD = World(lambda: datetime.now(UTC), lambda count: b"\x00" * count)
PARAMETERS = {"alg": "ES256", "use": "sig"}


def signing_keys() -> dict[str, ECKey]:
    return {
        kind: ECKey.generate_key("P-256", {**PARAMETERS, "kid": f"kid_{kind}"}) for kind in Kind
    }


class Tokens:
    """Mints what the STS would, and what it never would."""

    def __init__(self, keys: Mapping[str, ECKey], audience: str) -> None:
        self._keys, self._audience, self._serial = keys, audience, 0

    def __call__(
        self, application: str = "reader", scope: str = "books:read", kind: str = "production",
        key_of: str | None = None, header: Mapping[str, Any] | None = None, **claims: Any,
    ) -> str:  # fmt: skip
        now = int(time.time())
        self._serial += 1
        client = f"client_{application}_{kind}"
        payload = {
            "iss": f"{STS_URL}/sts/default/{kind}", "sub": client, "client_id": client,
            "aud": self._audience, "scope": scope, "iat": now, "exp": now + 900,
            "jti": f"jti{self._serial}", "gwk": f"{client}.1", **claims,
        }  # fmt: skip
        payload = {name: value for name, value in payload.items() if value is not None}
        key = self._keys[key_of or kind]
        headers = {"typ": "at+jwt", "kid": f"kid_{kind}", **(header or {})}
        return pyjwt.encode(payload, key.private_key, algorithm="ES256", headers=headers)


class Reply:
    """An answer, header names in lower case."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.text = response.read().decode()

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def __repr__(self) -> str:
        return f"{self.status} {self.text[:300]} {self.headers}"


def call(
    port: int, path: str, token: str | None = None, method: str = "GET",
    headers: Mapping[str, str] | None = None, scheme: str = "Bearer",
) -> Reply:  # fmt: skip
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        if token is not None:
            connection.putheader("Authorization", f"{scheme} {token}")
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        return Reply(connection.getresponse())
    finally:
        connection.close()


def eventually(condition: Any, seconds: float = 10.0) -> float:
    """Wait until it holds and return the seconds that took."""
    start = time.perf_counter()
    while not condition():
        if time.perf_counter() - start > seconds:
            raise AssertionError(f"did not come to hold within {seconds} s")
        time.sleep(0.002)
    return time.perf_counter() - start


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = {"method": self.command, "path": self.path, "headers": headers}
        body = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = _answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Upstream(ThreadingHTTPServer):
    daemon_threads = True
    disable_nagle_algorithm = True
    request_queue_size = 512

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextlib.contextmanager
def upstream(port: int, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Answers every call with what it saw of it."""
    server = _Upstream(("127.0.0.1", port), _Echo)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Gateway:
    """The gateway process's parts in a thread, an Envoy beside it, and a SQLite store."""

    def __init__(self, folder: Path, scene: Scene) -> None:
        self.folder, self.scene = folder, scene
        self.url = f"sqlite:///{folder}/store.db"
        self.ads, self.admin = folder / "ads.sock", folder / "admin.sock"
        self.lines: list[bytes] = []
        self.snapshot: Snapshot | None = None
        self.messages = load_messages()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        migrate(self.url)
        self.store = open_store(self.url, WORLD)
        with self.store.write() as tx:
            for noun, rows in scene.tables.items():
                for row in rows.values():
                    getattr(tx, noun).add(row)

    def start_control(self, *, store: bool = True) -> float:
        """Start discovery; returns the seconds until Envoys can connect."""
        began = threading.Event()

        def open_it() -> Any:
            return open_store(self.url if store else "sqlite:////nowhere/store.db", WORLD)

        def serving(snapshot: Snapshot) -> None:
            self.snapshot = snapshot
            began.set()

        async def main() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            settings = GatewaySettings(
                self.scene.site, self.ads, self.folder / "snapshot.bin", self.scene.sealer
            )
            log = Log("gateway", WORLD, self.lines.append)
            await run(settings, open_it, WORLD, log, self._stop, serving=serving)

        self._thread = threading.Thread(target=lambda: asyncio.run(main()))
        start = time.perf_counter()
        self._thread.start()
        assert began.wait(30)
        return time.perf_counter() - start

    def stop_control(self) -> None:
        if self._thread and self._loop and self._stop:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
            self._thread = None

    def on_loop(self, call: Any) -> None:
        """Run it where the snapshot belongs."""
        assert self._loop
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (call(), done.set()))
        assert done.wait(10)

    def start_envoy(self) -> None:
        config = self.folder / "envoy.json"
        config.write_text(json.dumps(bootstrap(Bootstrap("node-1", self.ads, self.admin))))
        with (self.folder / "envoy.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(binary()), "-c", str(config), "--concurrency", "1", "-l", "warn",
                    "--use-dynamic-base-id", "--disable-hot-restart",
                ],
                stdout=log, stderr=log,
            )  # fmt: skip

    def kill_envoy(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def envoy_pid(self) -> int:
        assert self._process
        return self._process.pid

    def is_connected(self) -> bool:
        """Whether Envoy follows a control plane, by its own word."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self.admin))
            path = b"GET /stats?filter=connected_state HTTP/1.1\r\n"
            admin.sendall(path + b"Host: admin\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: admin.recv(4096), b""))
        return b"control_plane.connected_state: 1" in answer

    def close(self) -> None:
        self.kill_envoy()
        self.stop_control()
        self.store.close()

    def add(self, *changes: Any) -> int:
        """Write differences of the scene; returns the sequence after."""
        with self.store.write() as tx:
            for item in changes:
                rows = getattr(tx, item.noun)
                if item.after is None:
                    rows.remove(item.id)
                elif rows.get(item.id) is None:
                    rows.add(item.after)
                else:
                    stored = rows.get(item.id)
                    revision = getattr(stored, "revision", 1)
                    rows.replace(_with_revision(item.after, revision))
        with self.store.read() as tx:
            return int(tx.sequence)

    def applied(self) -> int:
        with self.store.read() as tx:
            node = tx.gateway_nodes.get("node-1")
        return node.applied_sequence if node else -1

    def faults(self) -> list[ApiFault]:
        with self.store.read() as tx:
            return tx.api_faults.find()


def _with_revision(row: Any, revision: int) -> Any:
    from dataclasses import replace

    return replace(row, revision=revision) if hasattr(row, "revision") else row


class Load:
    """Calls on kept-alive connections until left; `failures` are answers other than 200."""

    def __init__(self, port: int, paths: tuple[str, ...], token: str) -> None:
        self.calls, self.failures = 0, list[str]()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(port, path, token)) for path in paths
        ]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, port: int, path: str, token: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        while not self._stop.is_set():
            try:
                connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
                response = connection.getresponse()
                text = response.read()
                closing = response.getheader("connection") == "close"
                if response.status != 200 or closing:
                    self.failures.append(f"{response.status} closing={closing} {text[:200]!r}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
            self.calls += 1
        connection.close()


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def told(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: Iterable[tuple[str, str]],
) -> tuple[int, Any, str]:
    """Status, body and challenge of a call with these header lines; the connection is closed."""
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        challenge = response.getheader("www-authenticate", "")
        return response.status, json.loads(response.read() or b"null"), challenge
    finally:
        connection.close()
