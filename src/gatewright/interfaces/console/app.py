"""The pages put together: their routes, around them the answers to errors, around those the rim."""

from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from gatewright.control.desk import Addresses
from gatewright.crypto.keyring import Keyring
from gatewright.domain.world import World
from gatewright.interfaces.console.console import ConsolePages
from gatewright.interfaces.console.failures import FailurePages
from gatewright.interfaces.console.portal import PortalPages
from gatewright.interfaces.console.rendering import Renderer
from gatewright.interfaces.console.rim import Rim
from gatewright.interfaces.console.visitor import Visitors
from gatewright.interfaces.console.welcome import WelcomePages
from gatewright.store.port import Store


def create_pages(
    *,
    store: Store,
    world: World,
    keyring: Keyring,
    addresses: Addresses,
    report: Callable[[str, BaseException], None],
) -> ASGIApp:
    """The pages as an ASGI application to mount at `/`, behind every other route of that port.

    `report` is told the request id and the exception of every unexpected error.
    """
    renderer, visitors = Renderer(), Visitors(store, world, keyring, addresses)
    portal, failures = PortalPages(renderer, store), FailurePages(renderer)
    console, welcome = ConsolePages(renderer, visitors), WelcomePages(renderer, visitors)
    routes = [
        Route("/", portal.catalogue, methods=["GET"]),
        Route("/apis/{handle}/{version}", portal.api, methods=["GET"]),
        Route("/console", console.overview, methods=["GET"]),
        Route("/console/sign-out", console.sign_out, methods=["POST"]),
        Route("/welcome/{code}", welcome.link, methods=["GET", "POST"]),
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
    ]
    app = Starlette(routes=routes, exception_handlers=failures.handlers())
    app.router.redirect_slashes = False  # such redirects are built from the Host header
    return Rim(app, world, report)
