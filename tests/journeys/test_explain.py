"""`gatewright explain` beside the gateway itself: what it says of a call is what the call meets."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.journeys.conftest import Installation, call, start
from tests.journeys.issuer import AUDIENCE, Issuer, serving

pytestmark = pytest.mark.real
BOOKS = "/reading-list/v1.0/books"


@dataclass
class Scene:
    """An installation with an application, its tokens and keys, and an outside issuer."""

    installation: Installation
    issuer: Issuer
    gateway: str

    def explained(self, line: str, operation: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "gatewright", "explain", "-", "--api", "reading-list:v1.0",
             "--operation", operation, "-e", "production", "--json"],
            env=self.installation.environment, input=line, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        return json.loads(done.stdout)

    def compare(self, header: str, value: str, method: str = "GET", path: str = "/books") -> int:
        """The gateway's status, once the explanation has the same and the same code."""
        url = self.gateway + "/reading-list/v1.0" + path
        answer = call(url, None, method, headers={header: value})
        told = self.explained(f"{header}: {value}", f"{method} {path}")
        refused = answer.status_code in (401, 403, 404, 405)
        assert told["allowed"] is not refused, (answer.text, told)
        if refused:
            assert (told["status"], told["code"]) == (answer.status_code, answer.json()["code"])
        return answer.status_code


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    found = start(tmp_path_factory.mktemp("explain") / "data", "--ephemeral")
    try:
        with serving() as issuer:
            found.run("key-manager", "add", issuer.well_known, "--handle", "outside",
                      "--audience", AUDIENCE, "--api-access")  # fmt: skip
            found.run("app", "create", "portal")
            found.run("app", "keys", "portal")
            found.run("app", "keys", "portal", "--kind", "sandbox")
            found.run("app", "create", "stranger")
            found.run("app", "keys", "stranger")
            found.run("api", "access", "reading-list", "--api-keys")
            found.run("api", "deploy", "reading-list")
            found.run("subscribe", "portal", "reading-list")
            found.run("app", "client", "add", "portal", "--key-manager", "outside",
                      "--client-id", "portal-1")  # fmt: skip
            yield Scene(found, issuer, found.urls["gateway"]["production"])
    finally:
        found.stop()


def token(scene: Scene, *arguments: str) -> str:
    return f"Bearer {scene.installation.run('token', *arguments).strip()}"


def test_tokens_of_our_own(scene: Scene) -> None:
    sound = token(scene, "portal")
    assert scene.compare("Authorization", sound) == 200
    assert scene.compare("Authorization", sound, "GET", "/books/1") == 200
    assert scene.compare("Authorization", sound, "GET", "/nowhere") == 404
    assert scene.compare("Authorization", sound, "PUT", "/books") == 405
    assert scene.compare("Authorization", sound[:-4]) == 401
    assert scene.compare("Authorization", sound + "A") == 200, "Envoy reads no further"
    assert scene.compare("Authorization", token(scene, "portal", "--kind", "sandbox")) == 401
    assert scene.compare("Authorization", token(scene, "stranger")) == 403
    narrow = token(scene, "portal", "--scope", "books:write")
    assert scene.compare("Authorization", narrow) == 403
    scene.installation.run("revoke", narrow.partition(" ")[2])
    assert scene.compare("Authorization", narrow) == 401
    assert scene.compare("Authorization", "Basic dXNlcjpwYXNz") == 401
    assert scene.compare("x-token", sound) == 401


def test_tokens_of_others(scene: Scene) -> None:
    issuer = scene.issuer
    rows: list[tuple[dict[str, Any], int]] = [
        ({}, 200), ({"scope": ["books:read"]}, 200), ({"scope": "x"}, 403), ({"azp": "x"}, 403),
        ({"aud": "x"}, 401), ({"exp": 1}, 401), ({"iss": "https://x.test"}, 401),
        ({"at_hash": "x"}, 401),
    ]  # fmt: skip
    for claims, expected in rows:
        made = issuer.token(**{"azp": "portal-1", "scope": "books:read"} | claims)
        assert scene.compare("Authorization", f"Bearer {made}") == expected, claims


def test_keys(scene: Scene) -> None:
    key = scene.installation.json("app", "key", "create", "portal")["key"]
    assert scene.compare("api-key", key) == 200
    assert scene.compare("authorization", f"Bearer {key}") == 401
    assert scene.compare("api-key", key[4:]) == 401
    made = scene.installation.json("api", "test-key", "reading-list", "-e", "production")
    assert scene.compare("test-key", made["test_key"]) == 200
    assert scene.compare("test-key", key) == 401


def test_blocked(scene: Scene) -> None:
    sound = token(scene, "portal")
    scene.installation.run("subscription", "block", "portal", "reading-list")
    assert scene.compare("Authorization", sound) == 403
    scene.installation.run("subscription", "unblock", "portal", "reading-list")
    assert scene.compare("Authorization", sound) == 200
