"""Any one process may be killed: good calls go on, and no acknowledged state is lost."""

import os
import signal
import time
from pathlib import Path

import httpx2
import pytest
from tests.journeys.conftest import Installation, call, calling, start

pytestmark = pytest.mark.real
PATH = "/reading-list/v1.0/books"


def unlimited_token(installation: Installation) -> str:
    """A token of the demo application, whose plan no longer limits how often it calls."""
    installation.run("subscribe", "demo-app", "reading-list", "--plan", "Unlimited")
    return installation.run("token", "demo-app", "--scope", "books:read").strip()


def until(condition, seconds: float) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds
        time.sleep(0.01)
    return time.monotonic() - began


@pytest.mark.parametrize("part", ["control", "sts-1", "gateway", "proofs"])
def test_calls_do_not_notice_the_death_of(part: str, installation: Installation) -> None:
    token = unlimited_token(installation)
    victim = installation.pid(part)
    with calling(installation.urls["gateway"]["production"] + PATH, token) as seen:
        time.sleep(0.2)
        os.kill(victim, signal.SIGKILL)
        time.sleep(1.5)
    assert set(seen) == {"200"}, seen
    assert seen["200"] > 50
    assert installation.pid(part) != victim
    fresh = installation.run("token", "demo-app", "--scope", "books:read").strip()
    answer = call(installation.urls["gateway"]["production"] + PATH, fresh)
    assert answer.status_code == 200


def test_envoy_is_back_within_a_second(installation: Installation) -> None:
    token = installation.run("token", "demo-app", "--scope", "books:read").strip()
    url = installation.urls["gateway"]["production"] + PATH

    def answers() -> bool:
        try:
            return call(url, token).status_code == 200
        except httpx2.TransportError:
            return False

    os.kill(installation.pid("envoy"), signal.SIGKILL)
    until(lambda: not answers(), 1.0)
    assert until(answers, 5.0) < 1.0


def test_envoy_comes_back_while_control_and_gateway_die_too(installation: Installation) -> None:
    token = installation.run("token", "demo-app", "--scope", "books:read").strip()
    url = installation.urls["gateway"]["production"] + PATH
    for part in ("control", "gateway", "envoy"):
        os.kill(installation.pid(part), signal.SIGKILL)

    def answers() -> bool:
        try:
            return call(url, token).status_code == 200
        except httpx2.TransportError:
            return False

    until(answers, 5.0)


def test_calls_go_on_without_the_supervisor_and_the_next_start_takes_over(tmp_path: Path) -> None:
    first = start(tmp_path / "data")
    token = first.run("token", "demo-app", "--scope", "books:read").strip()
    url = first.urls["gateway"]["production"] + PATH
    first.process.kill()
    first.process.wait()
    time.sleep(0.5)
    assert call(url, token).status_code == 200
    second = start(tmp_path / "data")
    try:
        assert "took over" in second.banner
        assert second.urls["gateway"]["production"] + PATH == url
        assert call(url, token).status_code == 200
    finally:
        second.stop()


def test_a_kill_of_everything_loses_no_acknowledged_write(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = start(data, "--no-sample")
    try:
        for number in range(5):
            first.run("app", "create", f"App {number}")
        processes = first.json("status")["processes"]
    finally:
        first.process.kill()
        first.process.wait()
    for name, item in processes.items():
        if name != "supervisor":
            os.kill(item["pid"], signal.SIGKILL)
    second = start(data)
    try:
        names = {item["name"] for item in second.json("app", "list")["items"]}
        assert names == {f"App {number}" for number in range(5)}
        assert "gwp_" not in second.banner
        assert "eyJ" not in second.banner
        assert len(second.banner.splitlines()) <= 4
    finally:
        second.stop()
