"""Signing in by a single-use link: looking at it changes nothing, the button spends it."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatewright.control import logins
from gatewright.domain.errors import Unauthenticated
from gatewright.domain.person import LoginKind
from gatewright.interfaces.console.rendering import Renderer
from gatewright.interfaces.console.visitor import FORM_HEADERS, Visitors, refuse_cross_site

_SPENT_STATUS = 410
_SESSION_NAME = "browser session"


class WelcomePages:
    """The pages under /welcome."""

    def __init__(self, renderer: Renderer, visitors: Visitors) -> None:
        self._renderer, self._visitors = renderer, visitors

    def link(self, request: Request) -> Response:
        """One button, which spends the link. A GET spends nothing: previews of links would."""
        return self._redeem(request) if request.method == "POST" else self._ask(request)

    def _ask(self, request: Request) -> Response:
        by, code = self._visitors, request.path_params["code"]
        try:
            with by.store.read() as tx:
                user = logins.prove(tx, by.world, by.keyring, code, (LoginKind.LINK,)).user
        except Unauthenticated:
            return self._spent()
        return self._renderer.page("welcome", {"user": user}, headers=FORM_HEADERS)

    def _redeem(self, request: Request) -> Response:
        refuse_cross_site(request)
        by, code = self._visitors, request.path_params["code"]
        try:
            with by.store.write() as tx:
                issued = logins.redeem(
                    tx, by.world, by.keyring, code, LoginKind.SESSION, _SESSION_NAME
                )
        except Unauthenticated:
            return self._spent()
        response = RedirectResponse("/console", 303)
        by.let_in(response, issued.clear)
        return response

    def _spent(self) -> Response:
        return self._renderer.page("spent", {}, _SPENT_STATUS)
