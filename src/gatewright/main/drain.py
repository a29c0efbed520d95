"""Lets Envoy end the calls that it has before it is stopped: no new connection, no call cut off."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from gatewright.main.envoy_admin import ask, calls_in_flight

_LOOK_SECONDS = 0.05
_QUIET_LOOKS = 4
"""So often in a row no call may be in flight: one may have come and not been read yet."""


async def drain(admin: Path, seconds: float, hurry: Callable[[], bool]) -> int:
    """How many calls were left when the time was over or `hurry` said so; 0 is a clean end.

    From then on each answer closes its connection or, over HTTP/2, says that it is the last.
    """
    if seconds <= 0 or await ask(admin, "POST", "/healthcheck/fail") is None:
        return 0  # it is not there, so that nothing can be in flight
    await ask(admin, "POST", "/drain_listeners")
    loop = asyncio.get_running_loop()
    deadline, quiet, left = loop.time() + seconds, 0, 0
    while quiet < _QUIET_LOOKS and loop.time() < deadline and not hurry():
        found = await calls_in_flight(admin)
        if found is None:
            return left  # it has ended
        left, quiet = found, 0 if found else quiet + 1
        await asyncio.sleep(_LOOK_SECONDS)
    return left
