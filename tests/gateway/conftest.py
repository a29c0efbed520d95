"""A gateway with a real Envoy and an upstream, one for each module of tests that asks."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.real import Gateway, Tokens, call, eventually, listening, signing_keys, upstream
from tests.gateway.scene import Scene

PORT, SANDBOX_PORT, UPSTREAM_PORT = 22080, 22081, 22099
SCENE: Mapping[str, Any] = {
    "environments": {"production": PORT, "development": SANDBOX_PORT},
    "plans": {"Bronze": (1_000_000, "minute", {})},  # enough for tests under load
    "apis": [
        {
            "handle": "books",
            "upstream": f"http://127.0.0.1:{UPSTREAM_PORT}/base",
            "deploy": ("production", "development"),
            "operations": {
                "GET /books": ["books:read"],
                "POST /books": ["books:write"],
                "GET /books/new": "any",
                "GET /books/{id}": ["books:read"],
                "DELETE /books/{id}": ["books:admin books:write", "root"],
                "GET /any": "any",
                "GET /health": "anonymous",
                "GET /files/*": "anonymous",
                "GET /": "anonymous",
                "GET /nobody": [],
            },
        },
        {"handle": "shut", "state": "BLOCKED", "operations": {"GET /a": "any"}},
        {"handle": "old", "state": "RETIRED", "operations": {"GET /a": "any"}},
        {
            "handle": "near",
            "upstream": f"http://127.0.0.1:{UPSTREAM_PORT}/base",
            "operations": {
                "GET /books/{id}": ["weak"],
                "POST /books/{id}": ["weak"],
                "GET /books/new": ["strong"],
                "GET /books/@me": ["strong"],
                "GET /books/caf%C3%A9": ["strong"],
                "GET /books/{id}:publish": ["strong"],
                "GET /{x}-secret.json": ["strong"],
                f"GET /{{{'a' * 29}}}.json": "anonymous",
                "GET /open/*": "anonymous",
                "GET /open/books/@me": ["strong"],
                "GET /lone/{id}": ["weak"],
                "GET /matrix/by{id}": ["weak"],
                "GET /lone/{id}/(all)": ["weak"],
            },
        },
        {
            "handle": "wide",
            "upstream": f"http://127.0.0.1:{UPSTREAM_PORT}/base",
            "operations": {"GET /*": "anonymous"},
        },
        {"handle": "dead", "upstream": "http://127.0.0.1:1", "operations": {"GET /a": "any"}},
    ],
    "applications": {
        "reader": dict.fromkeys(("books", "shut", "dead", "old", "near"), "Bronze"),
        "slow": {"books": "Tiny"},
        "stranger": {},
    },
    "revoked": ["revoked-1"],
}


@dataclass
class World:
    """What a test against the real Envoy needs."""

    gateway: Gateway
    scene: Scene
    token: Tokens
    port: int = PORT

    def call(self, path: str, token: str | None = None, **more: Any) -> Any:
        return call(self.port, path, token, **more)

    def in_force(self, *changes: Any) -> None:
        sequence = self.gateway.add(*changes)
        eventually(lambda: self.gateway.applied() >= sequence)


@contextlib.contextmanager
def running(folder: Path, text: Mapping[str, Any]) -> Iterator[World]:
    """A gateway that serves what the text describes, and its upstream."""
    keys = signing_keys()
    scene = Scene(text, keys)
    scene.proofs_socket = str(folder / "proofs.sock")
    with upstream(UPSTREAM_PORT), upstream(scene.sts_port):
        gateway = Gateway(folder, scene)
        try:
            gateway.start_control()
            gateway.start_envoy()
            eventually(lambda: all(listening(port) for port in scene.ports.values()))
            yield World(gateway, scene, Tokens(keys, f"http://127.0.0.1:{PORT}"))
        finally:
            gateway.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("gateway"), SCENE) as found:
        yield found


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The scene of `keyed.py`, where every kind of credential calls."""
    from tests.gateway.keyed import serving

    with serving(tmp_path_factory.mktemp("keyed")) as found:
        yield found
