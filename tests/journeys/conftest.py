"""A whole installation for the journeys: started as a user would, stopped and removed after."""

import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
START_SECONDS_MAX = 60


@dataclass
class Installation:
    """A running `gatewright up`, and its command line."""

    process: subprocess.Popen[str]
    data: Path
    banner: str

    def run(self, *arguments: str, code: int = 0) -> str:
        """The command's standard output; the exit code is checked."""
        done = subprocess.run(
            [sys.executable, "-m", "gatewright", *arguments],
            env=self.environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == code, (
            f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """The command's result with --json."""
        return json.loads(self.run(*arguments, "--json"))

    @property
    def environment(self) -> dict[str, str]:
        """Whatever was set outside must not steer a test."""
        kept = {key: value for key, value in os.environ.items() if "GATEWRIGHT" not in key}
        return {**kept, "GATEWRIGHT_DATA": str(self.data), "PYTHONPATH": str(ROOT / "src")}

    @property
    def urls(self) -> Any:
        return self.json("status")["urls"]

    def pid(self, name: str) -> int:
        """The process id of a part that runs."""
        return int(self.json("status")["processes"][name]["pid"])

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self.process.poll() is None:
            self.process.send_signal(2)
            self.process.wait(30)


def start(data: Path, *options: str, **settings: str) -> Installation:
    """Start and wait for the banner's end; the output goes to a file, as into a pipe."""
    log = data.parent / f"{data.name}.out"
    installation = Installation(None, data, "")  # type: ignore[arg-type]
    with log.open("w") as out:
        installation.process = subprocess.Popen(
            [sys.executable, "-m", "gatewright", "up", "--data", str(data), *options],
            env=installation.environment | settings,
            stdout=out, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    deadline = time.monotonic() + START_SECONDS_MAX
    while "Ctrl-C" not in (text := log.read_text()):
        if installation.process.poll() is not None or time.monotonic() > deadline:
            installation.stop()
            logs = "".join(path.read_text()[-3000:] for path in data.glob("logs/*.log"))
            raise AssertionError(f"it did not start:\n{text}\n{logs}")
        time.sleep(0.05)
    installation.banner = text
    return installation


@pytest.fixture(scope="session")
def upstream() -> Iterator[str]:
    """The base URL of an echoing upstream."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(HERE / "echo.py"), str(port)])
    wait_for_port(port)
    yield f"http://127.0.0.1:{port}/base"
    process.terminate()
    process.wait()


def wait_for_port(port: int) -> None:
    """Return when something listens there."""
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


@contextmanager
def calling(url: str, token: str) -> Iterator[Counter[str]]:
    """Calls without a pause while the block runs; the counts are there when it has ended."""
    seen = Counter[str]()
    process = subprocess.Popen(
        [sys.executable, str(HERE / "caller.py"), url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin
    process.stdin.write(token + "\n")
    process.stdin.flush()
    try:
        yield seen
    finally:
        out, _ = process.communicate(timeout=20)
        seen.update(json.loads(out))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One for each module, on ports of its own, with the sample."""
    started = start(tmp_path_factory.mktemp("up") / "data", "--ephemeral")
    yield started
    started.stop()


def call(url: str, token: str | None = None, method: str = "GET", **more: Any) -> httpx2.Response:
    """One call, with a bearer token if given."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx2.request(
        method, url, headers=headers | more.pop("headers", {}), timeout=10, **more
    )
