"""A management API that answers from a table, and a way to run the command line against it."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from gatewright.domain.world import World
from gatewright.interfaces.cli import Check, Hooks, UpOptions, create_cli

URL = "http://127.0.0.1:8000"
TOKEN = "gwp_the-owners-token"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Fake:
    """Answers by method and raw path; what is not in the table is a 404 problem."""

    table: dict[tuple[str, str], Callable[[], httpx2.Response]] = field(default_factory=dict)
    requests: list[httpx2.Request] = field(default_factory=list)

    def on(self, method, path, body=None, *, status=200, sequence=None, base="/api/v1"):
        headers = {} if sequence is None else {"Gatewright-Sequence": str(sequence)}
        content = b"" if body is None else json.dumps(body).encode()
        self.table[method, base + path] = lambda: httpx2.Response(
            status, content=content, headers=headers
        )

    def refuse(self, method, path, status, code, detail, **more):
        self.on(method, path, {"status": status, "code": code, "detail": detail, **more},
                status=status)  # fmt: skip

    def breaks(self, method, path, error):
        def fail() -> httpx2.Response:
            raise error

        self.table[method, "/api/v1" + path] = fail

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.requests.append(request)
        key = (request.method, request.url.raw_path.decode().partition("?")[0])
        if key in self.table:
            return self.table[key]()
        problem = {"code": "not-found", "detail": f"{key} is not in the table.", "status": 404}
        return httpx2.Response(404, json=problem)

    def calls(self) -> list[str]:
        """What was asked, without the waiting."""
        lines = [f"{item.method} {item.url.path}" for item in self.requests]
        return [line.replace("/api/v1", "", 1) for line in lines if not line.endswith("/live")]

    def body(self, index=0) -> Any:
        return json.loads(self.requests[index].content)

    def query(self, index=0) -> dict[str, str]:
        return dict(self.requests[index].url.params)

    def live(self, sequence, *, live=True, applied=None, connected=True, rejection=""):
        node = {
            "id": "local",
            "environments": ["production"],
            "connected": connected,
            "seen_at": "2026-11-24T12:00:00Z",
            "version": "1.40.0",
            "applied_sequence": sequence if applied is None else applied,
            "rejection": rejection,
        }
        self.on("GET", "/live", {"live": live, "sequence": sequence, "gateways": [node]})


@dataclass
class CommandLine:
    """Runs commands; `ups` is what `up` was asked for, `checks` what `main` lends to doctor."""

    fake: Fake
    ups: list[UpOptions] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    up_code: int = 0
    now: datetime = NOW

    def __call__(self, *words: str, stdin: str | bytes | None = None):
        hooks = Hooks(
            "9.9.9",
            self._up,
            lambda _: self.checks,
            World(lambda: self.now, os.urandom),
        )
        cli = create_cli(hooks, httpx2.MockTransport(self.fake))
        return CliRunner().invoke(cli, list(words), input=stdin)

    def _up(self, options: UpOptions) -> int:
        self.ups.append(options)
        return self.up_code


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def run(fake, tmp_path, monkeypatch) -> CommandLine:
    """The command line of a user whose folders are empty, pointed at the fake."""
    for name in list(os.environ):
        if name.startswith("GATEWRIGHT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("GATEWRIGHT_URL", URL)
    monkeypatch.setenv("GATEWRIGHT_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    return CommandLine(fake)


OPERATION = {
    "operation": "GET /books",
    "method": "GET",
    "path": "/books",
    "summary": "List books",
    "operation_id": "list",
    "alternatives": [["books:read"], ["books:admin", "books:all"]],
    "scopes": ["books:read", "books:admin", "books:all"],
    "anonymous": False,
    "api_key": False,
}


@pytest.fixture
def api() -> dict[str, Any]:
    """An API as the management API shows it."""
    return {
        "id": "api_1",
        "handle": "books",
        "reference": "books:v1.0",
        "name": "Books",
        "context": "/books",
        "version": "v1.0",
        "state": "CREATED",
        "operation_count": 1,
        "scope_count": 1,
        "deployed_to": ["production"],
        "description": "",
        "upstreams": {"production": "http://127.0.0.1:9000"},
        "operations": [OPERATION],
        "scopes": [
            {
                "name": "books:read",
                "qualified_name": "urn:default:books:books:read",
                "description": "Read",
                "operations": ["GET /books"],
            }
        ],
        "access": {
            "token_header": "authorization",
            "subscription_required": True,
            "api_keys": False,
            "key_managers": None,
        },
        "deployments": [],
        "next_states": ["PUBLISHED"],
        "approval_required": False,
        "deprecated_at": None,
        "sunset_at": None,
        "warnings": [],
    }


@pytest.fixture
def application() -> dict[str, Any]:
    return {
        "id": "app_1",
        "handle": "bookworm",
        "name": "Book worm",
        "description": "",
        "allowed_scopes": None,
        "blocked": False,
        "created_at": "2026-11-24T12:00:00Z",
        "revision": 1,
    }


@pytest.fixture
def credential() -> dict[str, Any]:
    secret = {
        "id": "sec_1",
        "name": "first",
        "hint": "gws_abc…wxyz",
        "created_at": "2026-11-24T12:00:00Z",
        "expires_at": None,
        "last_used_at": None,
        "usable": True,
        "expires_soon": False,
    }
    return {
        "id": "cred_1",
        "kind": "production",
        "client_id": "client_1",
        "client_secret": "gws_shown-once",
        "token_ttl_seconds": 900,
        "secrets": [secret],
        "connection": {
            "issuer": "http://127.0.0.1:8001/sts/default/production",
            "token_endpoint": "http://127.0.0.1:8001/sts/default/production/token",
            "curl": "curl -u client_1:gws_shown-once \\\n  -d grant_type=client_credentials",
        },
    }


@pytest.fixture
def subscription() -> dict[str, Any]:
    return {
        "id": "sub_1",
        "application": "bookworm",
        "application_id": "app_1",
        "application_name": "Book worm",
        "api": "books",
        "api_handle": "books",
        "api_major": 1,
        "plan": "Bronze",
        "state": "active",
        "blocked": False,
        "pending": False,
        "rejection": "",
        "created_at": "2026-11-24T12:00:00Z",
        "revision": 1,
    }


@pytest.fixture
def status() -> dict[str, Any]:
    return {
        "version": "9.9.9",
        "urls": {
            "management": URL + "/api/v1",
            "sts": "http://127.0.0.1:8001/sts/default/production",
            "portal": URL,
            "console": URL + "/console",
            "gateway": {
                "production": "http://127.0.0.1:8080",
                "sandbox": "http://127.0.0.1:8081",
            },
        },
        "sequence": 7,
        "gateways": [
            {
                "id": "local",
                "environments": ["production"],
                "connected": True,
                "seen_at": "2026-11-24T12:00:00Z",
                "version": "1.40.0",
                "applied_sequence": 7,
                "rejection": "",
            }
        ],
        "faults": [],
        "counts": {"apis": 1, "applications": 1, "subscriptions": 1},
    }
