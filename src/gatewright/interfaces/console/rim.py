"""The rim around the pages: request ids, the headers that every answer carries, the last catch."""

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.domain.ids import new_id
from gatewright.domain.world import World

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Rim:
    """ASGI middleware; nothing of an unexpected error leaves but the request id."""

    def __init__(
        self,
        app: ASGIApp,
        world: World,
        report: Callable[[str, BaseException], None],
    ) -> None:
        self._app, self._world, self._report = app, world, report

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = new_id("req", self._world)
        scope.setdefault("state", {})["request_id"] = request_id
        # A style sheet may be kept if it is asked for again; a page is never kept.
        kept = "no-cache" if scope["path"].startswith("/static/") else "no-store"
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in (_HEADERS | {"Cache-Control": kept}).items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing of it may be answered
            self._report(request_id, error)
            if not started:
                await _broken(request_id)(scope, receive, answer)


def _broken(request_id: str) -> ASGIApp:
    """For when even the page of the error could not be made."""
    return PlainTextResponse(f"Something went wrong here: {request_id}.\n", 500)
