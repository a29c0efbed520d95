"""The gateway's front: which Envoy takes the calls, and how one takes over from another."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gatewright.domain.errors import Conflict, Unavailable
from gatewright.domain.world import World
from gatewright.gateway.envoy import installed_version
from gatewright.main import generations
from gatewright.main.drain import drain
from gatewright.main.envoy_admin import serves
from gatewright.main.folder import Folder
from gatewright.main.generations import ADMIN_SOCKET, ENVOY, parent_seconds
from gatewright.main.plan import Layout
from gatewright.main.processes import Program, Supervisor
from gatewright.main.ready import last_words
from gatewright.main.steering import Told

_READY_SECONDS = 60.0
_SPARE_SECONDS = 5.0


class Front:
    """Envoy under a supervisor. `restart` loses no call; `drain` ends those in flight."""

    def __init__(
        self, folder: Folder, layout: Layout, world: World, supervisor: Supervisor
    ) -> None:
        self._folder, self._layout, self._world = folder, layout, world
        self._supervisor = supervisor
        self._admin = folder.socket(ADMIN_SOCKET)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start the first Envoy. Raises Unavailable when the binary is missing."""
        program = generations.envoy_program(self._folder, self._layout, self._world)
        await self._supervisor.start(program)

    async def take_over(self, pid: int) -> bool:
        """Start an Envoy that takes over from one of an earlier run; whether that was possible.

        If not, a new one is started beside it. The earlier one ends when its calls have ended.
        """
        self._supervisor.hold(ENVOY, pid)
        hot = await self._succeed_hot(pid)
        if not hot:
            await self._succeed_beside(pid)
        self._supervisor.see_off(ENVOY, pid, parent_seconds(self._layout) + _SPARE_SECONDS)
        return hot

    async def restart(self) -> Told:
        """Let a new Envoy take over from the running one, by a hot restart where it can be.

        Raises Conflict while the one before still ends its calls, and Unavailable when the new
        one does not come up: then the old one serves on.
        """
        pid = self._supervisor.pids.get(ENVOY)
        if pid is None:
            raise Unavailable("is being started.", ENVOY, "Try again in a second.")
        if self._supervisor.leaving:
            raise Conflict(
                "the Envoy before this one still ends its calls, for at most"
                f" {parent_seconds(self._layout)} s.", ENVOY, "Try again after that.",
            )  # fmt: skip
        hot = await self._succeed_hot(pid)
        if not hot:
            await self._succeed_beside(pid)
        version = installed_version()
        return Told({"version": version, "pid": self._supervisor.pids[ENVOY], "hot": hot})

    async def drain(self, hurry: Callable[[], bool]) -> int:
        """End the calls in flight, for as long as the setting allows; how many were cut off."""
        if ENVOY not in self._supervisor.pids:
            return 0
        return await drain(self._admin, self._layout.drain_seconds, hurry)

    def close(self) -> None:
        """Leave nothing of an Envoy behind that has ended."""
        last = generations.current(self._folder)
        if last is not None:
            generations.forget(last)

    async def _succeed_hot(self, pid: int) -> bool:
        before = generations.current(self._folder)
        program = await asyncio.to_thread(
            generations.successor, self._folder, self._layout, self._world, pid
        )
        if program is None or before is None:
            return False
        seconds = parent_seconds(self._layout) + _SPARE_SECONDS
        if await self._succeed(program, seconds):
            return True
        # What it left in the shared memory would stop the next one: never again from this base.
        generations.remember(self._folder, replace(before, hot=False))
        return False

    async def _succeed_beside(self, pid: int) -> None:
        """Both listen on the same ports (SO_REUSEPORT) until the old one has ended its calls.

        Connections that it has not accepted when it stops listening are reset: so this is for
        where there is no hot restart.
        """
        aside = self._admin.with_name("envoy-admin-before.sock")
        with contextlib.suppress(OSError):
            self._admin.replace(aside)
        program = generations.envoy_program(self._folder, self._layout, self._world)
        if not await self._succeed(program, parent_seconds(self._layout) + _SPARE_SECONDS):
            with contextlib.suppress(OSError):
                aside.replace(self._admin)
            raise Unavailable(
                "the new Envoy did not come up, and the old one serves on."
                f" Its log ends: {last_words(self._folder, ENVOY)}", ENVOY,
            )  # fmt: skip
        task = asyncio.create_task(self._end_calls(aside, pid))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _succeed(self, program: Program, leave_seconds: float) -> bool:
        started = generations.current(self._folder)
        if started is None:
            return False
        return await self._supervisor.succeed(
            program,
            lambda: serves(self._admin, started.base_id, started.epoch),
            ready_seconds=_READY_SECONDS,
            leave_seconds=leave_seconds,
        )

    async def _end_calls(self, admin: Path, pid: int) -> None:
        await drain(admin, parent_seconds(self._layout), lambda: False)
        await asyncio.to_thread(admin.unlink, missing_ok=True)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
