"""A token issuer of others that the organization trusts: one key, and tokens signed by PyJWT."""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from tests.interop.keys import KeyPair

URL = "https://idp.example"
AUDIENCE = "https://gatewright.example"


@dataclass(frozen=True)
class Issuer:
    """What it signs is meant for `AUDIENCE`."""

    key: KeyPair

    def token(self, subject: str, **claims: object) -> str:
        """A JWT about somebody, good for five minutes."""
        now = int(time.time())
        members = {
            "iss": URL, "sub": subject, "aud": AUDIENCE, "iat": now, "exp": now + 300,
            "jti": str(uuid.uuid4()),
        }  # fmt: skip
        header = {"kid": self.key.private["kid"]}
        return jwt.encode(members | claims, self.key.pem, self.key.algorithm, headers=header)


@contextmanager
def served(document: str) -> Iterator[str]:
    """The address of a JSON document while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = document.encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/jwks.json"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
