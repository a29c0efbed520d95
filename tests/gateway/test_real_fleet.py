"""Two gateways on one control plane: a plan holds for both, and parts follow who is there."""

import http.client
import json
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.gateway.conftest import PORT, UPSTREAM_PORT, World, running
from tests.gateway.real import eventually

from gatewright.gateway.envoy import Bootstrap, binary, bootstrap
from gatewright.gateway.xds import names

pytestmark = pytest.mark.real
CONNECTIONS = 24
SCENE: Mapping[str, Any] = {
    "environments": {"production": PORT},
    "plans": {"Hour20": (20, "hour", {}), "Hour3": (3, "hour", {})},
    "apis": [
        {
            "handle": "one", "upstream": f"http://127.0.0.1:{UPSTREAM_PORT}",
            "operations": {"GET /a": "any"},
        }
    ],
    "applications": {f"app{number}": {"one": "Hour20"} for number in range(5)}
    | {"few": {"one": "Hour3"}},
}  # fmt: skip


class Second:
    """Another Envoy on the same ports: the kernel spreads connections over both."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        gateway = self._world.gateway
        settings = Bootstrap("node-2", gateway.ads, gateway.folder / "admin-2.sock")
        config = gateway.folder / "envoy-2.json"
        config.write_text(json.dumps(bootstrap(settings)))
        self._process = subprocess.Popen(
            [
                str(binary()), "-c", str(config), "--concurrency", "1", "-l", "error",
                "--use-dynamic-base-id", "--disable-hot-restart",
            ]
        )  # fmt: skip
        eventually(lambda: self._counts(2))

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
        eventually(lambda: self._counts(1))

    def _counts(self, wanted: int) -> bool:
        """Whether every connected Envoy has been told that there are so many."""
        gateway = self._world.gateway
        assert gateway.snapshot
        for item in gateway.snapshot.resources[names.ENDPOINTS].values():
            groups = gateway.messages.unpack(names.ENDPOINTS, item.body).get("endpoints", [])
            if sum(len(group["lb_endpoints"]) for group in groups) != wanted:
                return False
        # What it is told of last, it serves only after all the rest.
        sequence = gateway.add(self._world.scene.subscribe("few", "one", "Hour3"))
        with gateway.store.read() as tx:
            nodes = [row for row in tx.gateway_nodes.find() if row.connected]
            here = len(nodes) == wanted and all(row.applied_sequence >= 0 for row in nodes)
        eventually(
            lambda: all(row.applied_sequence >= sequence for row in self._connected()), seconds=5
        )
        return here

    def _connected(self) -> list[Any]:
        with self._world.gateway.store.read() as tx:
            return [row for row in tx.gateway_nodes.find() if row.connected]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Second]]:
    with running(tmp_path_factory.mktemp("gateway"), SCENE) as world:
        second = Second(world)
        try:
            yield world, second
        finally:
            second.stop()


def let_in(token: str) -> tuple[int, set[int]]:
    """How many calls pass over many connections, and by how much each takes from what remains."""
    passed, steps = 0, set[int]()
    for _ in range(CONNECTIONS):
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
        remaining: int | None = None
        for _ in range(30):
            connection.request("GET", "/one/v1/a", headers={"Authorization": f"Bearer {token}"})
            reply = connection.getresponse()
            reply.read()
            if reply.status != 200:
                break
            passed += 1
            now = int(reply.headers["x-ratelimit-remaining"])
            if remaining is not None:
                steps.add(remaining - now)
            remaining = now
        connection.close()
    return passed, steps


def test_a_plan_holds_for_both_together(pair: tuple[World, Second]) -> None:
    world, second = pair
    assert let_in(world.token("app0")) == (20, {1})
    second.start()
    assert let_in(world.token("app1")) == (20, {2})
    # A count that does not divide is rounded down at each gateway.
    assert let_in(world.token("few"))[0] == 2
    second.stop()
    assert let_in(world.token("app2")) == (20, {1})


def test_what_a_gateway_has_counted_stays_counted_when_another_comes(
    pair: tuple[World, Second],
) -> None:
    world, second = pair
    assert let_in(world.token("app3"))[0] == 20
    second.start()
    # The newcomer begins with its full part, and no more.
    assert let_in(world.token("app3"))[0] == 10
    second.stop()
