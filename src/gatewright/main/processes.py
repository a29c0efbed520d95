"""Keeps child processes alive: starts them, again when they end, and stops them."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from gatewright.domain.errors import GatewrightError

_RESTART_SECONDS = (0.0, 0.1, 0.3, 1.0, 3.0)
_STEADY_SECONDS = 10.0
_LOG_BYTES_MAX = 20_000_000
_SHIELD_SECONDS = 1.0
_LOOK_SECONDS = 0.02
_LEAVING_LOOK_SECONDS = 0.1
_GRACE_SECONDS = 1.0
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

    again: "Callable[[], Program] | None" = None
    """What is started when it has ended; itself when None."""


@dataclass(frozen=True)
class _Child:
    """A process that was started, and the id of what runs behind its shield."""

    process: asyncio.subprocess.Process
    pid: int


class Supervisor:
    """Runs programs until told to stop. A child that keeps ending is retried ever more slowly."""

    def __init__(self, changed: Callable[[dict[str, int]], None], *, die_with_us: bool) -> None:
        self._changed = changed
        self._die_with_us = die_with_us
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: dict[str, _Child] = {}
        self._leaving: dict[str, int] = {}
        self._succession = asyncio.Lock()
        self._stopping = False
        self.restarts: dict[str, int] = {}

    @property
    def pids(self) -> dict[str, int]:
        """The process ids by name, of those that run, and of those that end their last calls."""
        return self._leaving | {name: child.pid for name, child in self._running.items()}

    async def start(self, program: Program) -> None:
        """Start a program and keep it running. Raises OSError when it can not start at all."""
        child = await self._spawn(program)
        self._take(program, child)

    async def succeed(
        self,
        program: Program,
        ready: Callable[[], Awaitable[bool]],
        *,
        ready_seconds: float,
        leave_seconds: float,
    ) -> bool:
        """Start a program beside the one of its name, which it replaces once it is ready.

        The one before has so many seconds to end by itself. False when the new one ended or was
        not ready in time: it is gone then, and the one before runs on. Raises OSError.
        """
        async with self._succession:
            child = await self._spawn(program)
            if not await self._until_ready(child, ready, ready_seconds):
                with contextlib.suppress(ProcessLookupError):
                    child.process.terminate()
                await _wait_or_kill(child.process, _GRACE_SECONDS)
                return False
            before = self._running.get(program.name)
            self._take(program, child)
            if before is not None:
                self.see_off(program.name, before.pid, leave_seconds)
            return True

    def hold(self, name: str, pid: int) -> None:
        """Count a process of an earlier run among those that leave; it ends when we stop."""
        self._leaving[before_name(name, pid)] = pid
        self.tell()

    def see_off(self, name: str, pid: int, seconds: float) -> None:
        """Let a process end by itself, and end it when it has not after so many seconds."""
        self.hold(name, pid)
        self._add_task(self._watch_leaving(before_name(name, pid), pid, seconds))

    def tell(self) -> None:
        """Say who runs. A full disk keeps that from being written, and nothing from running."""
        with contextlib.suppress(OSError):
            self._changed(self.pids)

    @property
    def leaving(self) -> bool:
        """Whether some process still ends its last calls."""
        return bool(self._leaving)

    def release(self) -> None:
        """Keep nothing running any more and end nothing: another supervisor takes over."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()

    async def stop(self, *, grace_seconds: float = 5.0) -> None:
        """Tell every child to stop, all at once; kill what has not ended after the grace."""
        self._stopping = True
        for pid in self._leaving.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        processes = [child.process for child in self._running.values()]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        deadline = asyncio.get_running_loop().time() + grace_seconds
        for process in processes:
            left = max(0.05, deadline - asyncio.get_running_loop().time())
            await _wait_or_kill(process, left)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @staticmethod
    def trim_logs(folder: Path) -> None:
        """Keep the last run of each large log as `.1` and go on in an empty file.

        The children append, so the same descriptor stays good. On a full disk they stay as they
        are until the next time.
        """
        for path in folder.glob("*.log"):
            with contextlib.suppress(OSError):
                if path.stat().st_size > _LOG_BYTES_MAX:
                    path.with_suffix(".log.1").write_bytes(path.read_bytes()[-_LOG_BYTES_MAX:])
                    os.truncate(path, 0)

    def _take(self, program: Program, child: _Child) -> None:
        self._running[program.name] = child
        self.tell()
        self._add_task(self._keep(program, child))

    def _add_task(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, program: Program, child: _Child) -> None:
        loop, failures = asyncio.get_running_loop(), 0
        while True:
            started = loop.time()
            await child.process.wait()
            async with self._succession:
                if self._running.get(program.name) is not child:  # its successor is kept instead
                    return
                del self._running[program.name]
            if self._stopping:
                return
            failures = 1 if loop.time() - started > _STEADY_SECONDS else failures + 1
            self.restarts[program.name] = self.restarts.get(program.name, 0) + 1
            await asyncio.sleep(_RESTART_SECONDS[min(failures, len(_RESTART_SECONDS)) - 1])
            program, child = await self._spawn_at_last(program)
            self._running[program.name] = child
            self.tell()

    async def _spawn_at_last(self, program: Program) -> tuple[Program, _Child]:
        """As `_spawn`, and again while the system has no room for another process."""
        while True:
            try:
                again = program.again() if program.again else program
                return again, await self._spawn(again)
            except (OSError, GatewrightError):
                await asyncio.sleep(_RESTART_SECONDS[-1])

    async def _until_ready(
        self, child: _Child, ready: Callable[[], Awaitable[bool]], seconds: float
    ) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while child.process.returncode is None:
                    if await ready():
                        return True
                    await asyncio.sleep(_LOOK_SECONDS)
        return False

    async def _watch_leaving(self, name: str, pid: int, seconds: float) -> None:
        looks = int(seconds / _LEAVING_LOOK_SECONDS)
        for _ in range(looks):
            if not lives(pid):
                break
            await asyncio.sleep(_LEAVING_LOOK_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        self._leaving.pop(name, None)
        self.tell()

    async def _spawn(self, program: Program) -> _Child:
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
        inner = await _child_of(process.pid) if program.shielded else process.pid
        return _Child(process, inner)


async def _wait_or_kill(process: asyncio.subprocess.Process, seconds: float) -> None:
    try:
        await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def lives(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    return bool(_command_line(pid))


def before_name(name: str, pid: int) -> str:
    """How one is called that its successor's name was taken from."""
    return f"{name.partition('-before-')[0]}-before-{pid}"


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
        return Path(path).read_text(errors="surrogateescape")
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


def is_ours(pid: int, marker: str) -> bool:
    """Whether it lives and its command line holds the marker."""
    return marker in _command_line(pid)


def running(option: tuple[str, str]) -> list[int]:
    """Our user's processes that were given an option with this value, the oldest first.

    Shields are left out, whose command line repeats their child's.
    """
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        words = _read(f"{path}/cmdline").split("\0")
        if option in pairwise(words) and words[:2] != ["/bin/sh", "-c"] and _is_own(path):
            found.append(int(path.name))
    return sorted(found, key=_started)


def _is_own(process: Path) -> bool:
    try:
        return process.stat().st_uid == os.getuid()
    except OSError:
        return False


def _started(pid: int) -> tuple[int, int]:
    """Field 22 of its stat, in ticks since the machine started; 0 when it has ended."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[19]) if len(fields) > 19 else 0, pid)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (OSError, UnicodeDecodeError):
        return ""
