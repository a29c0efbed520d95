"""Asks an Envoy on its admin socket: who it is, whether it serves, how many calls are in flight."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

_ANSWER_BYTES_MAX = 16_000_000
_ACTIVE = re.compile(r"^http\.(?!admin\.).*downstream_rq_active: (\d+)$", re.MULTILINE)


async def ask(socket: Path, method: str, path: str, *, seconds: float = 2.0) -> str | None:
    """The body of a 200 answer; None for any other, or when nobody answers in time."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_unix_connection(str(socket))
            try:
                head = f"{method} {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n"
                writer.write(f"{head}Content-Length: 0\r\n\r\n".encode())
                answer = await reader.read(_ANSWER_BYTES_MAX)
                while more := await reader.read(_ANSWER_BYTES_MAX - len(answer)):
                    answer += more
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return None
    lines, _, body = answer.partition(b"\r\n\r\n")
    if not lines.startswith(b"HTTP/1.1 200 "):
        return None
    chunked = b"transfer-encoding: chunked" in lines.lower()
    return (_joined(body) if chunked else body).decode(errors="replace")


async def serves(socket: Path, base_id: int, epoch: int) -> bool:
    """Whether the Envoy that answers there was started with these two, and takes calls."""
    told = await ask(socket, "GET", "/server_info")
    try:
        found: dict[str, Any] = json.loads(told or "{}")
    except ValueError:
        return False
    options = found.get("command_line_options", {})
    same = (int(options.get("base_id", 0)), options.get("restart_epoch", 0)) == (base_id, epoch)
    return found.get("state") == "LIVE" and same


async def calls_in_flight(socket: Path) -> int | None:
    """Calls that were begun and are not answered yet; None when it does not say."""
    told = await ask(socket, "GET", "/stats?filter=downstream_rq_active")
    return None if told is None else sum(int(number) for number in _ACTIVE.findall(told))


def _joined(body: bytes) -> bytes:
    """The content of a chunked body (RFC 9112 §7.1)."""
    pieces = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        if not length:
            break
        pieces.append(rest[:length])
        body = rest[length + 2 :]
    return b"".join(pieces)
