"""The rim around the application: request ids, the body, headers, and the last catch."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.domain.errors import GatewrightError
from gatewright.domain.ids import new_id
from gatewright.interfaces.management.deps import Deps
from gatewright.interfaces.management.intake import take_in
from gatewright.interfaces.management.problems import of_ours, problem

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Rim:
    """ASGI middleware; the body is read whole before the application sees the request."""

    def __init__(self, app: ASGIApp, deps: Deps) -> None:
        self._app, self._deps = app, deps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        known = _REQUEST_ID.fullmatch(given)
        request_id = given if known else new_id("req", self._deps.world)
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            try:
                body = await take_in(scope, receive)
            except GatewrightError as error:
                refusal = await of_ours(Request(scope), error)
                refusal.headers["Connection"] = "close"  # the rest of the body is not read
                await refusal(scope, receive, answer)
                return
            await self._app(scope, _replay(body, receive), answer)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing of it may be answered
            self._deps.report(request_id, error)
            if not started:
                await _unexpected(request_id)(scope, receive, answer)


def _replay(body: bytes, receive: Receive) -> Receive:
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _unexpected(request_id: str) -> ASGIApp:
    return problem(
        500,
        "internal",
        "Something went wrong here, and not with your request.",
        request_id,
        way_out="Look for the request id in the log.",
    )
