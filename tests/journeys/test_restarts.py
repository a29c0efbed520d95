"""Planned restarts, upgrades and stops of the gateway lose no call, and keep strangers out."""

import http.client
import json
import os
import signal
import stat
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.journeys.conftest import Installation, call, calling, start

pytestmark = pytest.mark.real
SLOW_SECONDS, DRAIN_SECONDS = 1.5, 2
OPERATION = {"get": {"responses": {"200": {"description": "OK"}}, "security": [{}]}}


class _Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        time.sleep({"/slow": SLOW_SECONDS, "/endless": 60.0}.get(self.path, 0.0))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 512

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@dataclass
class Busy:
    """An installation with an API whose calls take their time."""

    installation: Installation
    base: str

    def slowly(
        self, count: int, path: str = "/slow"
    ) -> tuple[list[threading.Thread], Counter[str]]:
        """So many calls in flight, each on a connection of its own."""
        seen = Counter[str]()
        parts = urlsplit(self.base)

        def one() -> None:
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
            try:
                connection.request("GET", parts.path + path)
                answer = connection.getresponse()
                answer.read()
                seen[str(answer.status)] += 1
            except (OSError, http.client.HTTPException) as error:
                seen[type(error).__name__] += 1
            finally:
                connection.close()

        threads = [threading.Thread(target=one) for _ in range(count)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        return threads, seen


@contextmanager
def busy(data: Path) -> Iterator[Busy]:
    server = _Server(("127.0.0.1", 0), _Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    document = data.parent / "api.json"
    document.write_text(json.dumps({
        "openapi": "3.1.0", "info": {"title": "busy", "version": "1.0.0"},
        "servers": [{"url": f"http://127.0.0.1:{server.server_address[1]}"}],
        "paths": dict.fromkeys(("/quick", "/slow", "/endless"), OPERATION),
    }))  # fmt: skip
    installation = start(data, "--no-sample", GATEWRIGHT_DRAIN_SECONDS=str(DRAIN_SECONDS))
    try:
        for command in (["import", str(document)], ["deploy", "busy"], ["publish", "busy"]):
            installation.run("api", *command)
        base = f"{installation.urls['gateway']['production']}/busy/v1.0"
        yield Busy(installation, base)
    finally:
        for name, item in _status(data).get("processes", {}).items():
            if name == "supervisor":
                os.kill(item["pid"], signal.SIGTERM)
        installation.stop()
        server.shutdown()
        server.server_close()


def _status(data: Path) -> Any:
    path = data / "run" / "status.json"
    return json.loads(path.read_text()) if path.exists() else {}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    with busy(tmp_path_factory.mktemp("restarts") / "data") as found:
        yield found


def wait_for_calls(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join()


def settled(site: Busy) -> None:
    """Wait until no Envoy ends its last calls any more."""
    deadline = time.monotonic() + 4 * DRAIN_SECONDS
    while any("before" in name for name in _status(site.installation.data)["processes"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_restart_loses_no_call(site: Busy) -> None:
    settled(site)
    before = site.installation.pid("envoy")
    with calling(f"{site.base}/quick", "x") as seen, calling(f"{site.base}/quick", "x") as more:
        threads, slow = site.slowly(10)
        told = site.installation.json("gateway", "restart")
        later, slow_later = site.slowly(10)
        wait_for_calls(threads + later)
        settled(site)
    assert told["hot"] and told["pid"] != before
    assert slow == slow_later == {"200": 10}
    assert set(seen) == set(more) == {"200"}, (seen, more)
    assert seen["200"] > 100
    assert site.installation.pid("envoy") == told["pid"]
    assert not Path(f"/proc/{before}").exists()


def test_while_one_takes_over_there_is_no_other(site: Busy) -> None:
    settled(site)
    site.installation.run("gateway", "restart")
    assert "still ends its calls" not in site.installation.run("status")
    site.installation.run("gateway", "restart", code=5)


def test_what_the_generations_talk_over_is_the_owner_s_alone(site: Busy) -> None:
    settled(site)
    site.installation.run("gateway", "restart")
    run = site.installation.data / "run"
    assert stat.S_IMODE(run.stat().st_mode) == 0o700
    sockets = [path for path in run.iterdir() if stat.S_ISSOCK(path.stat().st_mode)]
    assert {"hot_", "supe"} <= {path.name[:4] for path in sockets}
    assert {stat.S_IMODE(path.stat().st_mode) for path in sockets} == {0o600}
    base_id = json.loads((run / "envoy-generation.json").read_text())["base_id"]
    memory = Path(f"/dev/shm/envoy_shared_memory_{base_id}0")
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600
    listed = Path("/proc/net/unix").read_text()
    assert f"@envoy_domain_socket_parent_{base_id}" not in listed


def test_another_up_takes_over_without_a_lost_call(tmp_path: Path) -> None:
    with busy(tmp_path / "data") as site:
        data, first = site.installation.data, site.installation.process
        token = (data / "run" / "cli-token").read_text().strip()
        with calling(f"{site.base}/quick", "x") as seen:
            threads, slow = site.slowly(10)
            second = start(data, "--take-over", GATEWRIGHT_DRAIN_SECONDS=str(DRAIN_SECONDS))
            assert first.wait(10) == 0
            wait_for_calls(threads)
            time.sleep(0.5)
        assert slow == {"200": 10}
        assert set(seen) == {"200"}, seen
        assert token not in second.banner
        assert "took over" in second.banner
        assert call(f"{site.base}/quick").status_code == 200
        second.stop()
        assert not _status(data)


def test_a_stop_waits_for_calls_in_flight_and_no_longer(tmp_path: Path) -> None:
    with busy(tmp_path / "data") as site:
        threads, slow = site.slowly(10)
        began = time.monotonic()
        site.installation.run("down")
        assert SLOW_SECONDS - 1 < time.monotonic() - began < 10
        wait_for_calls(threads)
        assert slow == {"200": 10}
        assert not list(Path("/dev/shm").glob(f"*{_base_id(site)}0"))
    again = start(tmp_path / "data", GATEWRIGHT_DRAIN_SECONDS="1")
    again.stop()


def test_a_stop_does_not_wait_for_ever(tmp_path: Path) -> None:
    with busy(tmp_path / "data") as site:
        threads, slow = site.slowly(2, "/endless")
        began = time.monotonic()
        site.installation.run("down")
        assert DRAIN_SECONDS - 0.5 < time.monotonic() - began < DRAIN_SECONDS + 7
        wait_for_calls(threads)
        assert "200" not in slow


def test_after_a_crash_the_next_restart_is_hot_again(site: Busy) -> None:
    settled(site)
    base_id = _base_id(site)
    os.kill(site.installation.pid("envoy"), signal.SIGKILL)
    deadline = time.monotonic() + 5
    while _base_id(site) == base_id or not _answers(site):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with calling(f"{site.base}/quick", "x") as seen:
        assert site.installation.json("gateway", "restart")["hot"]
        time.sleep(0.5)
    assert set(seen) == {"200"}, seen


def test_where_no_hot_restart_is_possible_both_listen_for_a_while(site: Busy) -> None:
    settled(site)
    path = site.installation.data / "run" / "envoy-generation.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"hot": False}))
    threads, slow = site.slowly(10)
    told = site.installation.json("gateway", "restart")
    assert not told["hot"]
    wait_for_calls(threads)
    assert slow == {"200": 10}
    assert call(f"{site.base}/quick").status_code == 200
    settled(site)


def _answers(site: Busy) -> bool:
    try:
        return call(f"{site.base}/quick").status_code == 200
    except Exception:  # noqa: BLE001 - whatever went wrong, it does not answer yet
        return False


def _base_id(site: Busy) -> int:
    path = site.installation.data / "run" / "envoy-generation.json"
    return int(json.loads(path.read_text())["base_id"])
