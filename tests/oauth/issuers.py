"""Somebody else's issuer on a real socket: it describes itself, and misbehaves when told to."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.crypto.keyholder import Keyholder

DISCOVERY = "/.well-known/openid-configuration"


class FakeIssuer:
    """`keys` may be exchanged; `answer` (status, headers, body) replaces every answer at /jwks."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.keys = [Keyholder("ES256")]
        self.named: str | None = None
        self.answer: tuple[int, dict, bytes] | None = None
        self.slow_seconds = 0.0
        self.asked: list[str] = []

    @property
    def jwks_uri(self) -> str:
        return f"{self.url}/jwks"

    def sign(self, claims: dict, **header) -> str:
        return self.keys[0].sign(claims, **header)

    def respond(self, path: str) -> tuple[int, dict, bytes]:
        self.asked.append(path)
        if path == DISCOVERY:
            told = {"issuer": self.named or self.url, "jwks_uri": self.jwks_uri}
            return 200, {}, json.dumps(told).encode()
        if path != "/jwks":
            return 404, {}, b""
        time.sleep(self.slow_seconds)
        return self.answer or (200, {}, self.keys[0].jwks(*self.keys[1:]).encode())


@contextmanager
def fake_issuer() -> Iterator[FakeIssuer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = made.respond(self.path)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:  # who asked has gone
                self.close_connection = True

        def log_message(self, *_args) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = FakeIssuer(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
