"""What clients of others are told: a program with keys, and where everything is."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from tests.interop.issuer import AUDIENCE, URL, Issuer
from tests.interop.keys import KeyPair
from tests.journeys.conftest import Installation

API = "reading-list"
LIVE_SECONDS_MAX = 20


@dataclass(frozen=True)
class Program:
    """An application with keys for production, subscribed to the sample API."""

    id: str
    client_id: str
    client_secret: str
    gateway: str
    connection: Mapping[str, str] = field(repr=False)

    @property
    def issuer(self) -> str:
        return self.connection["issuer"]

    @property
    def token_endpoint(self) -> str:
        return self.connection["token_endpoint"]

    @property
    def resource(self) -> str:
        """The sample API's address: its resource identifier."""
        return f"{self.gateway}/{API}/v1.0"

    @property
    def books(self) -> str:
        """A call that needs the scope `books:read`."""
        return f"{self.resource}/books"

    @property
    def credentials(self) -> str:
        """Where its keys are managed."""
        return f"/applications/{self.id}/credentials/production"

    def told(self, **more: Any) -> dict[str, Any]:
        """What a script of Node is given."""
        return {
            "issuer": self.issuer,
            "clientId": self.client_id,
            "clientSecret": self.client_secret,
            "gateway": self.gateway,
            "resource": self.resource,
            "books": self.books,
        } | more


class Running:
    """A running installation, managed over HTTP as its owner."""

    def __init__(self, installation: Installation) -> None:
        urls = installation.urls
        self.gateway = urls["gateway"]["production"]
        secret = (installation.data / "run" / "cli-token").read_text().strip()
        self._http = httpx2.Client(
            base_url=urls["management"],
            headers={"authorization": f"Bearer {secret}"},
            timeout=20,
        )
        self._count = 0

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, body: object = None, *, live: bool = False) -> Any:
        """The answer's JSON; with `live`, once the gateway has it in force."""
        answer = self._http.request(method, path.lstrip("/"), json=body)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        if live:
            self._wait_for(answer.headers["gatewright-sequence"])
        return answer.json() if answer.content else None

    def program(self) -> Program:
        """A new one, which may call already."""
        self._count += 1
        made = self.ask("POST", "/applications", {"name": f"Program {self._count}"})
        keys = self.ask("POST", f"/applications/{made['id']}/credentials", {})
        self.ask("POST", "/subscriptions", {"application": made["id"], "api": API}, live=True)
        return Program(
            made["id"], keys["client_id"], keys["client_secret"], self.gateway, keys["connection"]
        )

    def register_key(self, program: Program, key: KeyPair, jwks_uri: str | None = None) -> None:
        """Let it authenticate by `private_key_jwt`."""
        keys = {"jwks_uri": jwks_uri} if jwks_uri else {"jwks": {"keys": [key.public]}}
        body = {"method": "private_key_jwt"} | keys
        self.ask("POST", f"{program.credentials}/authenticators", body)

    def demand_dpop(self, program: Program) -> None:
        """From now on it gets no token without a proof."""
        self.ask("PATCH", program.credentials, {"dpop_bound_access_tokens": True})

    def trust(self, issuer: Issuer) -> None:
        """Make it a key manager, for token exchange and as a JWT bearer's issuer."""
        body = {
            "handle": "idp", "name": "An issuer of others", "issuer": URL,
            "jwks": issuer.key.jwks, "audiences": [AUDIENCE],
            "token_exchange": True, "jwt_bearer": True,
        }  # fmt: skip
        self.ask("POST", "/key-managers", body)

    def initial_access_token(self) -> str:
        """Lets one client register itself."""
        self.ask("PATCH", "/registration", {"enabled": True})
        made = self.ask("POST", "/registration/tokens", {"name": "interop"})
        return made["token"]

    def _wait_for(self, sequence: str) -> None:
        deadline = time.monotonic() + LIVE_SECONDS_MAX
        while not self._http.get("live", params={"sequence": sequence}).json()["live"]:
            assert time.monotonic() < deadline, "the gateway did not take it over"
            time.sleep(0.05)
