"""Starts the servers of a benchmark on chosen cores, watches their CPU time, stops them again.

It never looks for processes by name across the machine: it knows only what it started and the
descendants of that.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parent.parent
_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = _CORES[0]
LOAD_CORE = _CORES[1] if len(_CORES) > 1 else _CORES[0]
# Above this a measurement counts as disturbed.
NEIGHBOURS_CORES_MAX = 0.1
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class ServerStartError(Exception):
    """A server ended, or did not listen, before the benchmark could use it."""


@dataclass(frozen=True)
class Server:
    """A running process of a benchmark and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def process_id(self) -> int:
        return self.process.pid

    def log_tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


class Servers:
    """The servers of one benchmark: started one by one, all stopped at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._started: list[Server] = []

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in reversed(self._started):
            stop(server)

    def start(
        self,
        name: str,
        command: Sequence[str],
        core: int,
        environment: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> Server:
        """Start a process on one core, and wait until it listens where a port is given."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["taskset", "-c", str(core), *command],
                env={**os.environ, **(environment or {})},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A group of its own, so that a Ctrl-C at the keyboard reaches us alone and the
                # servers are stopped in order.
                start_new_session=True,
            )
        server = Server(name, process, log)
        self._started.append(server)
        if port is not None:
            wait_for_port(server, port)
        return server


def stop(server: Server, patience_seconds: float = 10) -> None:
    """Ask a server to end; after a while, end it and whatever of its descendants is left."""
    if server.process.poll() is not None:
        return
    # A supervisor's children may have sessions of their own, so remember them while it lives;
    # the start time tells them from a stranger who got the same process id later.
    below = {process_id: _started_at(process_id) for process_id in descendants(server.process_id)}
    server.process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.process.wait(patience_seconds)
    for process_id, started_at in below.items():
        if started_at and _started_at(process_id) == started_at:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
    server.process.wait()


def wait_for_port(server: Server, port: int, patience_seconds: float = 30) -> None:
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise ServerStartError(f"{server.name} ended at once:\n{server.log_tail()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise ServerStartError(f"{server.name} does not listen on {port}:\n{server.log_tail()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def descendants(process_id: int) -> list[int]:
    """The process and everything below it, parents first."""
    found = [process_id]
    for parent in found:
        with contextlib.suppress(FileNotFoundError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def named(process_ids: Iterable[int], name: str) -> list[int]:
    """Those of the processes whose program is called so."""
    return [one for one in process_ids if _program(one) == name]


def pin(process_id: int, cores: Sequence[int]) -> None:
    """Move a running process, with all its threads, to some cores."""
    threads: list[int] = []
    with contextlib.suppress(FileNotFoundError):
        threads = [int(task.name) for task in Path(f"/proc/{process_id}/task").iterdir()]
    for thread in threads:
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(thread, cores)


def cpu_seconds(process_ids: Iterable[int]) -> float:
    """User and system time that the processes have used so far."""
    ticks = 0
    for process_id in process_ids:
        fields = _stat(process_id)
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_PER_SECOND


class Neighbours:
    """How much CPU time everybody else takes: what the machine uses, less what is ours."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._others = _others_cpu_seconds()

    def cores_used(self) -> float:
        """The cores that others kept busy since this was made, on average."""
        passed = time.monotonic() - self._started
        return max(0.0, (_others_cpu_seconds() - self._others) / passed)

    def cautions(self) -> list[str]:
        """What a reader must be told when the others were busy, and nothing otherwise."""
        used = self.cores_used()
        if used <= NEIGHBOURS_CORES_MAX:
            return []
        return [
            f"other programs took {used:.2f} of a core meanwhile; the times may be longer for it."
        ]


def _others_cpu_seconds() -> float:
    # user, nice, system, irq and softirq. The last two belong to it: the time that loopback
    # traffic takes in interrupts is billed to whichever process was running, ours among them.
    fields = [int(field) for field in Path("/proc/stat").read_text().split()[1:8]]
    machine = (sum(fields[:3]) + sum(fields[5:7])) / _TICKS_PER_SECOND
    ended = os.times()
    ours = ended.children_user + ended.children_system
    for process_id in descendants(os.getpid()):
        # A child of a supervisor may end between the listing and the reading.
        with contextlib.suppress(OSError):
            ours += cpu_seconds([process_id])
    return machine - ours


def resident_megabytes(process_ids: Iterable[int]) -> float:
    """Resident memory of the processes; pages they share are counted for each."""
    pages = sum(
        int(Path(f"/proc/{process_id}/statm").read_text().split()[1]) for process_id in process_ids
    )
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _stat(process_id: int) -> list[str]:
    # The program's name, in brackets, may itself hold blanks; count from its end.
    return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()


def _started_at(process_id: int) -> str:
    try:
        return _stat(process_id)[19]
    except OSError:
        return ""


def _program(process_id: int) -> str:
    try:
        return Path(f"/proc/{process_id}/exe").readlink().name
    except OSError:
        return ""
