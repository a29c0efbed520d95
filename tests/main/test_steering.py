"""What a running supervisor answers."""

import asyncio
import errno
from pathlib import Path

import pytest

from gatewright.domain.errors import Unavailable
from gatewright.main.steering import Steering, Told, ask


def test_what_the_system_refuses_is_said(tmp_path: Path) -> None:
    async def restart() -> Told:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def scenario() -> None:
        path = tmp_path / "supervisor.sock"
        steering = Steering(path, {"restart": restart}, lambda deed: None)
        steering.start()
        try:
            with pytest.raises(Unavailable, match="No space left on device"):
                await asyncio.to_thread(ask, path, "restart")
        finally:
            steering.stop()

    asyncio.run(scenario())
