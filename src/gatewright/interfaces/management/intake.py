"""Taking in a request's body: who may send a large one, how large, and within what time.

Nothing of a body is kept for somebody unknown beyond what a small request needs.
"""

import asyncio
import re

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Receive, Scope

from gatewright.domain.errors import GatewrightError, TooLarge
from gatewright.interfaces.management.caller import prove
from gatewright.interfaces.management.deps import BASE

BODY_BYTES_MAX = 64 * 1024
DOCUMENT_BYTES_MAX = 6 * 1024 * 1024
SECONDS_MAX = 10.0
BYTES_PER_SECOND_MIN = 64 * 1024
"""Each this many bytes that have come give one more second."""

_DOCUMENTS = re.compile(rf"POST {BASE}/apis(?:/import)?|PUT {BASE}/apis/[^/]+/operations")
_SIGN_IN = f"POST {BASE}/sessions"
"""The one route with a body that is open to everybody."""


class TooSlow(GatewrightError):
    """The body did not come in time."""

    code, status = "request-timeout", 408


async def take_in(scope: Scope, receive: Receive) -> bytes:
    """The whole body. Raises TooLarge, TooSlow, and what `prove` raises for a large body."""
    name = f"{scope['method']} {scope['path']}"
    bound = DOCUMENT_BYTES_MAX if _DOCUMENTS.fullmatch(name) else BODY_BYTES_MAX
    headers = Headers(scope=scope)
    declared = headers.get("content-length", "0")
    length = int(declared) if declared.isdecimal() and len(declared) < 16 else None
    is_small = length is not None and length <= BODY_BYTES_MAX
    if name != _SIGN_IN and (not is_small or "transfer-encoding" in headers):
        await run_in_threadpool(prove, Request(scope))
    if length is None or length > bound:
        raise _too_large(bound)
    return await _read(receive, bound)


async def _read(receive: Receive, bound: int) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(SECONDS_MAX) as limit:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return bytes(body)
                body += message.get("body", b"")
                if len(body) > bound:
                    raise _too_large(bound)
                if not message.get("more_body", False):
                    return bytes(body)
                _extend(limit, len(message.get("body", b"")))
    except TimeoutError:
        raise TooSlow(
            "The body did not come in time.", None, "Send it at 64 KiB a second or faster."
        ) from None


def _extend(limit: asyncio.Timeout, bytes_come: int) -> None:
    end = limit.when()
    if end is not None:
        limit.reschedule(end + bytes_come / BYTES_PER_SECOND_MIN)


def _too_large(bound: int) -> TooLarge:
    return TooLarge(
        f"The body holds over {bound // 1024} KiB.", None, "Send less; a document may hold 5 MiB."
    )
