"""An outside token issuer on a local socket: its keys turn over, it goes and comes back."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.crypto.keyholder import Keyholder

AUDIENCE = "api://books"


@dataclass
class Issuer:
    """`keys` are published, and the last one signs. It answers 503 while it is not `up`."""

    url: str = ""
    keys: list[Keyholder] = field(default_factory=lambda: [Keyholder("RS256", "first")])
    up: bool = True
    asked: list[str] = field(default_factory=list)

    @property
    def well_known(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"

    def rotate(self, algorithm: str = "ES256") -> None:
        """A new key that signs; the old one is published still."""
        self.keys.append(Keyholder(algorithm, f"key-{len(self.keys) + 1}"))

    def page(self, path: str) -> Any:
        pages = {
            "/.well-known/openid-configuration": {
                "issuer": self.url, "jwks_uri": f"{self.url}/jwks",
                "token_endpoint": f"{self.url}/token",
                "authorization_endpoint": f"{self.url}/authorize",
                "revocation_endpoint": f"{self.url}/revoke",
                "end_session_endpoint": f"{self.url}/logout",
            },
            "/jwks": {"keys": [
                *(key.jwk(use="sig") for key in self.keys), Keyholder().jwk(use="enc"),
            ]},
        }  # fmt: skip
        return pages.get(path)

    def token(self, signer: Keyholder | None = None, header: Any = None, **claims: Any) -> str:
        """An access token; a claim of None is left out."""
        now = int(time.time())
        made = {
            "iss": self.url, "sub": "user-1", "aud": AUDIENCE, "iat": now, "exp": now + 300,
            "jti": str(uuid.uuid4()),
        } | claims  # fmt: skip
        kept = {name: value for name, value in made.items() if value is not None}
        return (signer or self.keys[-1]).sign(kept, **(header or {}))


@contextmanager
def serving(path: str = "") -> Iterator[Issuer]:
    """An issuer below that path of a port of its own."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            page = issuer.page(self.path.removeprefix(path)) if issuer.up else None
            content = json.dumps(page).encode()
            self.send_response(503 if not issuer.up else 200 if page else 404)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}{path}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
