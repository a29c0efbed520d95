"""Keeps child processes alive: starts them, again when they end, and stops them."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_RESTART_SECONDS = (0.0, 0.1, 0.3, 1.0, 3.0)
_STEADY_SECONDS = 10.0
_LOG_BYTES_MAX = 20_000_000
_SHIELD_SECONDS = 1.0
SHIELD = """
"$@" & child=$!
trap 'kill -TERM $child 2>/dev/null' TERM INT
wait $child; code=$?
while kill -0 $child 2>/dev/null; do wait $child; code=$?; done
exit $code
"""
"""A parent for a program that ends itself when its parent ends, as Envoy does (PR_SET_PDEATHSIG).

It outlives a killed supervisor, hands signals on, and ends with its child's code.
"""


@dataclass(frozen=True)
class Program:
    """A child: its name, command, log file, and the descriptors it inherits.

    A shielded one gets SHIELD for a parent, so that it outlives us.
    """

    name: str
    command: Sequence[str]
    log: Path
    descriptors: Sequence[int] = ()
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    shielded: bool = False
    withheld: Sequence[str] = ()
    """Variables of our own environment that it has no use for and must not get."""


class Supervisor:
    """Runs programs until told to stop. A child that keeps ending is retried ever more slowly."""

    def __init__(self, changed: Callable[[dict[str, int]], None], *, die_with_us: bool) -> None:
        self._changed = changed
        self._die_with_us = die_with_us
        self._tasks: list[asyncio.Task[None]] = []
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._inner: dict[str, int] = {}
        self._stopping = False
        self.restarts: dict[str, int] = {}

    @property
    def pids(self) -> dict[str, int]:
        """The process ids by name, of those that run."""
        return {name: self._inner.get(name, process.pid)
                for name, process in self._running.items()}  # fmt: skip

    async def start(self, program: Program) -> None:
        """Start a program and keep it running. Raises OSError when it can not start at all."""
        process = await self._spawn(program)
        self._tasks.append(asyncio.create_task(self._keep(program, process)))

    async def stop(self, *, grace_seconds: float = 5.0) -> None:
        """Tell every child to stop, all at once; kill what has not ended after the grace."""
        self._stopping = True
        processes = list(self._running.values())
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        deadline = asyncio.get_running_loop().time() + grace_seconds
        for process in processes:
            left = max(0.05, deadline - asyncio.get_running_loop().time())
            try:
                await asyncio.wait_for(process.wait(), left)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @staticmethod
    def trim_logs(folder: Path) -> None:
        """Keep the last run of each large log as `.1` and go on in an empty file.

        The children append, so the same descriptor stays good.
        """
        for path in folder.glob("*.log"):
            if path.stat().st_size > _LOG_BYTES_MAX:
                path.with_suffix(".log.1").write_bytes(path.read_bytes()[-_LOG_BYTES_MAX:])
                os.truncate(path, 0)

    async def _keep(self, program: Program, process: asyncio.subprocess.Process) -> None:
        loop, failures = asyncio.get_running_loop(), 0
        while True:
            started = loop.time()
            await process.wait()
            self._running.pop(program.name, None)
            if self._stopping:
                return
            failures = 1 if loop.time() - started > _STEADY_SECONDS else failures + 1
            self.restarts[program.name] = self.restarts.get(program.name, 0) + 1
            await asyncio.sleep(_RESTART_SECONDS[min(failures, len(_RESTART_SECONDS)) - 1])
            process = await self._spawn_at_last(program)

    async def _spawn_at_last(self, program: Program) -> asyncio.subprocess.Process:
        """As `_spawn`, and again while the system has no room for another process."""
        while True:
            try:
                return await self._spawn(program)
            except OSError:
                await asyncio.sleep(_RESTART_SECONDS[-1])

    async def _spawn(self, program: Program) -> asyncio.subprocess.Process:
        log = os.open(program.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                *(("/bin/sh", "-c", SHIELD, "shield") if program.shielded else ()),
                *program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=program.descriptors,
                env=_environment(program),
                start_new_session=True,  # Ctrl-C reaches us alone, and we tell them
                preexec_fn=_die_with_parent if self._die_with_us else None,
            )
        finally:
            os.close(log)
        self._running[program.name] = process
        if program.shielded:
            self._inner[program.name] = await _child_of(process.pid)
        self._changed(self.pids)
        return process


def _environment(program: Program) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in program.withheld}
    return {**kept, **program.environment}


async def _child_of(shield: int) -> int:
    """The process behind a shield, or the shield itself when it can not be told."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _SHIELD_SECONDS
    while loop.time() < deadline:
        children = _read(f"/proc/{shield}/task/{shield}/children").split()
        if children:
            return int(children[0])
        await asyncio.sleep(0.005)
    return shield


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _die_with_parent() -> None:
    """Linux PR_SET_PDEATHSIG, so that a temporary installation leaves nothing behind."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def end(pids: dict[str, int], marker: str, *, grace_seconds: float = 5.0) -> list[str]:
    """End the processes of an earlier run whose command line holds `marker`; their names.

    The marker keeps a process id that was given away meanwhile from being hit.
    """
    import time

    ours = {name: pid for name, pid in pids.items() if marker in _command_line(pid)}
    for pid in ours.values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and any(_command_line(pid) for pid in ours.values()):
        time.sleep(0.02)
    for pid in ours.values():
        if marker in _command_line(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    return sorted(ours)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (OSError, UnicodeDecodeError):
        return ""
