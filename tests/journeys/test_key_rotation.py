"""Signing keys are replaced while clients fetch and use tokens: no valid token is ever refused."""

import base64
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from tests.journeys.conftest import Installation, call, calling, start

pytestmark = pytest.mark.real
PATH = "/reading-list/v1.0/books"
ROTATIONS = 6
ALGORITHMS = ("RS256", "PS256", "EdDSA", "ES256")


class Scene:
    """A client of the sample with a plan that never limits it, and the management API."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        do = installation.run
        do("app", "create", "Rotor")
        do("subscribe", "Rotor", "reading-list", "--plan", "Unlimited")
        found = installation.json("app", "keys", "Rotor")
        self.basic = (found["client_id"], found["client_secret"])
        urls = installation.urls
        self.url = urls["gateway"]["production"] + PATH
        self.token_url = urls["sts"] + "/token"
        secret = (installation.data / "run" / "cli-token").read_text().strip()
        self.management = httpx2.Client(
            base_url=urls["management"], headers={"authorization": f"Bearer {secret}"}, timeout=10
        )

    def ask(self, client: httpx2.Client) -> httpx2.Response:
        form = {"grant_type": "client_credentials", "scope": "books:read"}
        return client.post(self.token_url, data=form, auth=self.basic)

    def token(self) -> str:
        with httpx2.Client(timeout=10) as client:
            return self.ask(client).json()["access_token"]

    def rotate(self, **body: Any) -> list[dict[str, Any]]:
        answer = self.management.post("keys/rotations", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["keys"]

    def published(self, kind: str = "production") -> list[dict[str, Any]]:
        items = self.management.get("keys").json()["items"]
        return [item for item in items if item["kind"] == kind]

    def signing(self) -> dict[str, Any]:
        (active,) = [item for item in self.published() if item["state"] == "active"]
        return active

    @contextmanager
    def using(self) -> Iterator[Counter[str]]:
        """Fetch a token, use it at once, use the first one again; until the block ends."""
        seen, done, first = Counter[str](), threading.Event(), self.token()

        def work() -> None:
            with httpx2.Client(timeout=10) as client:
                while not done.is_set():
                    answer = self.ask(client)
                    seen[f"token {answer.status_code}"] += 1
                    fresh = answer.json().get("access_token", "none")
                    for age, token in (("fresh", fresh), ("first", first)):
                        headers = {"authorization": f"Bearer {token}"}
                        seen[f"{age} {client.get(self.url, headers=headers).status_code}"] += 1

        threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        yield seen
        done.set()
        for thread in threads:
            thread.join(20)


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module", params=[1, 2], ids=["one-worker", "two-workers"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    workers = {"GATEWRIGHT_STS_WORKERS": str(request.param)}
    installation = start(tmp_path_factory.mktemp("keys") / "data", "--ephemeral", **workers)
    found = Scene(installation)
    yield found
    found.management.close()
    installation.stop()


def good(seen: Counter[str]) -> bool:
    return set(seen) == {"token 200", "fresh 200", "first 200"}


def test_no_valid_token_is_refused(scene: Scene) -> None:
    before = {item["id"] for item in scene.published()}
    with calling(scene.url, scene.token()) as steady, scene.using() as seen:
        for _ in range(ROTATIONS):
            (new,) = scene.rotate(kind="production", now=True)
            until(lambda kid=new["id"]: scene.signing()["id"] == kid)
            time.sleep(2.5)
    assert set(steady) == {"200"}, steady
    assert good(seen), seen
    assert seen["token 200"] > 100
    states = Counter(item["state"] for item in scene.published())
    assert states == {"active": 1, "retired": len(before) + ROTATIONS - 1}


def test_another_algorithm_refuses_nobody_and_every_one_opens_the_gateway(scene: Scene) -> None:
    with scene.using() as seen:
        for algorithm in ALGORITHMS:
            body = {"signing_algorithm": algorithm}
            assert scene.management.patch("organization", json=body).status_code == 200
            until(lambda name=algorithm: scene.signing()["algorithm"] == name)
            token = scene.token()
            assert _header(token)["alg"] == algorithm
            assert call(scene.url, token).status_code == 200
            forged = token[:-6] + ("AAAAAA" if token[-6:] != "AAAAAA" else "BBBBBB")
            assert call(scene.url, forged).status_code == 401
    assert good(seen), seen


def test_a_gateway_whose_controller_dies_meanwhile_is_waited_for(scene: Scene) -> None:
    with scene.using() as seen:
        for _ in range(3):
            os.kill(scene.installation.pid("gateway"), signal.SIGKILL)
            (new,) = scene.rotate(kind="production", now=True)
            until(lambda kid=new["id"]: scene.signing()["id"] == kid, 30)
            time.sleep(0.3)
    assert good(seen), seen


def test_an_emergency_ends_every_token_and_new_ones_work(scene: Scene) -> None:
    old = scene.token()
    assert call(scene.url, old).status_code == 200
    with scene.using() as seen:
        time.sleep(0.2)
        answer = scene.management.post("organization/revoke-tokens", json={})
        assert answer.status_code == 201, answer.text
        wanted = {key["id"] for key in answer.json()["keys"]}
        until(lambda: scene.published()[0]["state"] == "active")
    assert call(scene.url, old).status_code == 401
    assert {item["id"] for item in scene.published()} < wanted
    assert call(scene.url, scene.token()).status_code == 200
    told = {name for name in seen if name.startswith("token")}
    assert told <= {"token 200", "token 503"}, seen
    records = scene.management.get("audit", params={"limit": 200}).json()["items"]
    actions = {record["action"] for record in records}
    wanted_actions = {"keys.announce", "keys.activate", "keys.remove", "tokens.revoke-everything"}
    assert wanted_actions <= actions


def _header(token: str) -> dict[str, Any]:
    segment = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
