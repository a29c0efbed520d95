"""What a running supervisor can be asked, on a unix socket in the private run folder.

One request a connection: a JSON object in one line, answered by another.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatewright.domain.errors import GatewrightError, Invalid, Unavailable

STEERING_SOCKET = "supervisor"
_LINE_BYTES_MAX = 4096
_SECONDS_MAX = 120.0
_ASK_SECONDS = 5.0
_SOCKETS_MAX = 16


@dataclass(frozen=True)
class Told:
    """An answer, and listening sockets by name that go with it."""

    content: Mapping[str, Any]
    sockets: Mapping[str, socket.socket] = field(default_factory=dict)


Deed = Callable[[], Awaitable[Told]]


class Steering:
    """Answers by `deeds`, of which one at a time is done. `after` is called once one was told."""

    def __init__(self, path: Path, deeds: Mapping[str, Deed], after: Callable[[str], None]) -> None:
        self._path, self._deeds, self._after = path, deeds, after
        self._listener: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy = asyncio.Lock()

    def start(self) -> None:
        """Listen; only the owner of the folder can connect."""
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.setblocking(False)  # noqa: FBT003 - the name is the standard library's
        self._listener.bind(str(self._path))
        self._path.chmod(0o600)
        self._listener.listen()
        self._add_task(self._accept(self._listener))

    def stop(self) -> None:
        """Listen no longer."""
        for task in self._tasks:
            task.cancel()
        if self._listener is not None:
            self._listener.close()
            self._path.unlink(missing_ok=True)

    def _add_task(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            self._add_task(self._serve(connection))

    async def _serve(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with connection, contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_ASK_SECONDS):
                line = await loop.sock_recv(connection, _LINE_BYTES_MAX)
            deed, answer = await self._answer(line)
            names = {"sockets": list(answer.sockets)} if answer.sockets else {}
            text = json.dumps({**answer.content, **names}).encode() + b"\n"
            files = [item.fileno() for item in answer.sockets.values()]
            socket.send_fds(connection, [text], files)
            self._after(deed)

    async def _answer(self, line: bytes) -> tuple[str, Told]:
        try:
            name = str(json.loads(line)["do"])
            deed = self._deeds[name]
        except (KeyError, TypeError, ValueError):
            return "", _failure(Invalid("is not known here.", "do", "Use the same version."))
        async with self._busy:
            try:
                return name, await deed()
            except GatewrightError as error:
                return "", _failure(error)
            except OSError as error:  # a full disk, no room for a process
                reason = f"could not be done: {error.strerror}."
                return "", _failure(Unavailable(reason, name, "See gatewright doctor."))


def ask(path: Path, deed: str) -> Told:
    """What the supervisor answers. Raises Unavailable when none does, or with its own words."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SECONDS_MAX)
        try:
            connection.connect(str(path))
            connection.sendall(json.dumps({"do": deed}).encode() + b"\n")
            text, files, _, _ = socket.recv_fds(connection, _LINE_BYTES_MAX, _SOCKETS_MAX)
            told: dict[str, Any] = json.loads(text)
        except (OSError, ValueError):
            raise Unavailable(
                "the supervisor does not answer.", "up", "Start it: gatewright up."
            ) from None
    if "error" in told:
        raise Unavailable(str(told["error"]), told.get("field"), told.get("way_out"))
    given = [socket.socket(fileno=number) for number in files]
    return Told(told, dict(zip(told.pop("sockets", []), given, strict=True)))


def _failure(error: GatewrightError) -> Told:
    return Told({"error": error.reason, "field": error.field, "way_out": error.way_out})
