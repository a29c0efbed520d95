"""Starts workers of the STS on a socket that the test holds, as the supervisor does."""

import json
import os
import re
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

from tests.sts.installation import PRODUCTION, basic

_SCRIPT = textwrap.dedent("""
    import json, sys, tempfile
    from pathlib import Path
    from gatewright.interfaces.oauth.app import create_app
    from gatewright.interfaces.oauth.server import run
    from tests.sts.installation import Installation
    made = Installation(Path(tempfile.mkdtemp()))
    made.add_api("books", ["books:read"])
    application = made.add_application()
    made.subscribe(application, "books")
    pair = made.add_pair(application)
    app = create_app(made.service, made.log)
    print(json.dumps([pair.client_id, pair.secret]), flush=True)
    run(app, int(sys.argv[1]))
    made.close()
    print(json.dumps(made.lines))
""")


class Worker:
    """A process that serves on `listener`, and the credentials of a client of its own store."""

    def __init__(self, listener: socket.socket) -> None:
        self.port = listener.getsockname()[1]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", _SCRIPT, str(listener.fileno())]
        self.process = subprocess.Popen(command, pass_fds=[listener.fileno()], env=environment,
                                        stdout=subprocess.PIPE, text=True)  # fmt: skip
        self.client_id, self.secret = json.loads(self.process.stdout.readline())
        assert statuses(exchange(self.port, JWKS_ONCE)) == [200]

    @property
    def authorization(self) -> str:
        return f"Authorization: {basic(self.client_id, self.secret)}\r\n"

    def post(self, endpoint: str, body: str, extra: str = "", length: int | None = None) -> bytes:
        head = (
            f"POST {PRODUCTION}/{endpoint} HTTP/1.1\r\nHost: a\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"{self.authorization}{extra}"
        )
        size = len(body) if length is None else length
        return f"{head}Content-Length: {size}\r\n\r\n{body}".encode()

    def stop(self, signal_number: int) -> tuple[int, list[dict]]:
        """Its exit code and what it logged."""
        self.process.send_signal(signal_number)
        said, _ = self.process.communicate(timeout=20)
        return self.process.returncode, json.loads(said or "[]")


GRANT = "grant_type=client_credentials"
JWKS = f"GET {PRODUCTION}/jwks HTTP/1.1\r\nHost: a\r\n\r\n".encode()
JWKS_ONCE = JWKS.replace(b"Host: a", b"Host: a\r\nConnection: close")


@contextmanager
def workers(count: int = 1) -> Iterator[list[Worker]]:
    """So many on one socket; all are gone afterwards."""
    made: list[Worker] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        try:
            made.extend(Worker(listener) for _ in range(count))
            yield made
        finally:
            for worker in made:
                worker.process.kill()
                worker.process.communicate()


def exchange(port: int, raw: bytes) -> bytes:
    """Everything that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        wire.sendall(raw)
        return receive_all(wire)


def receive_all(wire: socket.socket) -> bytes:
    parts = []
    try:
        while part := wire.recv(65_536):
            parts.append(part)
    except ConnectionResetError:  # the server closed over bytes that it did not want to read
        pass
    return b"".join(parts)


def receive(wire: socket.socket) -> bytes:
    """One whole answer that says its length; the connection stays open."""
    raw = b""
    while True:
        head, end, body = raw.partition(b"\r\n\r\n")
        if end and len(body) == int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0]):
            return raw
        part = wire.recv(65_536)
        assert part, f"closed after {raw!r}"
        raw += part


def statuses(raw: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.[01] (\d{3}) [A-Z]", raw)]
