"""Errors as pages: what went wrong in a sentence and the way out, and nothing of the inside."""

import http
from collections.abc import Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gatewright.domain.errors import GatewrightError
from gatewright.interfaces.console.rendering import Renderer

_KNOWN = {
    404: ("There is no such page", "Look at the address again, or start from the portal."),
    405: ("This address does not take that", "Use the links and buttons of the pages."),
}


class FailurePages:
    """Makes the page of an error."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def handlers(self) -> dict[Any, Callable[[Request, Any], Response]]:
        """Which kind of error is answered by what."""
        return {
            GatewrightError: self._of_ours,
            HTTPException: self._of_routing,
            Exception: self._unexpected,
        }

    def page(
        self,
        status: int,
        title: str,
        reason: str,
        way_out: str,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A page that says so."""
        values = {"status": status, "title": title, "reason": reason, "way_out": way_out}
        return self._renderer.page("failure", values, status, headers)

    def _unexpected(self, request: Request, _error: Exception) -> Response:
        """What nobody foresaw; the rim, which gave the request its id, reports it."""
        return self.page(
            500,
            "Something went wrong",
            "It is not your request. An administrator finds it in the log under its id.",
            f"The id is {request.scope['state']['request_id']}.",
        )

    def _of_ours(self, _request: Request, error: GatewrightError) -> Response:
        title = http.HTTPStatus(error.status).phrase
        return self.page(error.status, title, error.reason, error.way_out or "")

    def _of_routing(self, _request: Request, error: HTTPException) -> Response:
        phrase = http.HTTPStatus(error.status_code).phrase
        title, way_out = _KNOWN.get(error.status_code, (phrase, "Start from the portal."))
        return self.page(error.status_code, title, f"{phrase}.", way_out, error.headers)
