"""Sends load with wrk from the load generator's core and reads what wrk says about the run."""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import binaries, processes

CONNECTIONS = 32
_SCRIPT = Path(__file__).with_suffix(".lua")
_MARK = "RESULT "


class BrokenLoadError(Exception):
    """Calls failed in a run whose calls must all succeed: its numbers would mean nothing."""


@dataclass(frozen=True)
class Call:
    """One request of a load: a path and the value of its Authorization header."""

    path: str
    authorization: str = ""

    @classmethod
    def with_token(cls, path: str, token: str) -> "Call":
        return cls(path, f"Bearer {token}")


@dataclass(frozen=True)
class Load:
    """What is sent: calls in turn, over keep-alive connections."""

    url: str
    calls: Sequence[Call]
    method: str = "GET"
    body: str | None = None


@dataclass(frozen=True)
class LoadResult:
    """What came of a run; latencies are of this run's load, in milliseconds."""

    requests: int
    seconds: float
    latency_ms: dict[str, float]
    bad_statuses: int
    socket_errors: int

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    @property
    def failed(self) -> int:
        return self.bad_statuses + self.socket_errors


def send(
    load: Load,
    seconds: int,
    connections: int = CONNECTIONS,
    allow_failures: bool = False,
    pause_ms: int = 0,
    modest: bool = False,
) -> LoadResult:
    """Run wrk once. Failed calls are an error unless the benchmark counts them itself.

    With a pause, each connection rests for so long after each answer. A modest wrk takes only what
    the servers on its core leave, so that it does not push them aside.
    """
    wrk = binaries.find_wrk()
    with tempfile.TemporaryDirectory() as folder:
        calls = Path(folder) / "calls"
        calls.write_text("".join(f"{one.path}\t{one.authorization}\n" for one in load.calls))
        command = [*(["nice", "-n", "19"] if modest else []),
                   "taskset", "-c", str(processes.LOAD_CORE), str(wrk.path), "--threads", "1",
                   "--connections", str(connections), "--duration", f"{seconds}s",
                   "--timeout", "5s", "--script", str(_SCRIPT), load.url,
                   "--", load.method, str(calls)]  # fmt: skip
        environment = dict(os.environ if wrk.environment is None else wrk.environment)
        if pause_ms:
            environment["BENCH_PAUSE_MS"] = str(pause_ms)
        done = subprocess.run(
            [*command, *([load.body] if load.body is not None else [])],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds + 30,
        )
    result = _parse(done.stdout, done.stderr)
    if result.failed and not allow_failures:
        raise BrokenLoadError(
            f"{load.url}: {result.bad_statuses} answers of 400 or more, "
            f"{result.socket_errors} socket errors in {result.requests} requests"
        )
    if not result.requests:
        raise BrokenLoadError(f"{load.url}: not one answer in {seconds} s")
    return result


def _parse(output: str, errors: str) -> LoadResult:
    line = next((one for one in output.splitlines() if one.startswith(_MARK)), None)
    if line is None:
        raise BrokenLoadError(f"wrk gave no result: {(output + errors).strip()}")
    seen = json.loads(line.removeprefix(_MARK))
    return LoadResult(
        requests=seen["requests"],
        seconds=seen["seconds"],
        latency_ms={name: seen[name] / 1000 for name in ("p50", "p90", "p99", "p999")},
        bad_statuses=seen["statuses"],
        socket_errors=sum(seen[kind] for kind in ("connect", "read", "write", "timeout")),
    )
