"""The control plane's process: the management API and the pages, on the socket it was given."""

import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

from gatewright import __version__
from gatewright.control.desk import Addresses
from gatewright.control.fetch import Fetcher
from gatewright.interfaces.console.app import create_pages
from gatewright.interfaces.management.app import create_app
from gatewright.interfaces.management.deps import Deps
from gatewright.main.check import deploy_check
from gatewright.main.folder import Folder
from gatewright.main.outside import key_fetcher
from gatewright.main.parts import Parts
from gatewright.main.watches import Watches
from gatewright.observability import metrics
from gatewright.sts import keys
from gatewright.sts.desk import TokenDesk

_DRAIN_SECONDS = 3
_CONNECTIONS_MAX = 1000
Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


def run(folder: Folder, descriptor: int) -> None:
    """Serve until the signal comes."""
    parts = Parts(folder, "control")
    layout, world, keyring, store = parts.layout, parts.world, parts.keyring(), parts.open_store()
    addresses = Addresses(
        f"{layout.control_url}/api/v1",
        layout.sts_url,
        layout.control_url,
        f"{layout.control_url}/console",
        layout.domains_port,
    )
    signers = parts.signers(keyring)
    token_desk = TokenDesk(store, keyring, world, layout.sts_url, parts.log.emit, signers)
    keeper = keys.Keeper(
        store, world, signers, parts.log.emit, lambda error: parts.log.fail("keys.keeper", error)
    )
    keys_fetcher = key_fetcher(world, allow_private=layout.fetch_private_addresses)
    watches = Watches(parts, store, keys_fetcher)
    deps = Deps(
        store=store,
        world=world,
        keyring=keyring,
        addresses=addresses,
        token_desk=token_desk,
        deploy_check=deploy_check(),
        key_desk=keys.KeyDesk(world, signers, keeper.hurry),
        ensure_keys=lambda tx, organization: keeper.hurry(),
        fetcher=Fetcher(world, layout.fetch_private_addresses),
        report=lambda request_id, error: parts.log.fail(f"management {request_id}", error),
        version=__version__,
        metrics=lambda: metrics.read(folder.metrics),
        key_fetcher=keys_fetcher,
    )
    pages = create_pages(
        store=store,
        world=world,
        keyring=keyring,
        addresses=addresses,
        report=lambda request_id, error: parts.log.fail(f"pages {request_id}", error),
    )
    server = _server(beside(create_app(deps), pages))
    keeper.start()
    watches.start()
    try:
        server.run(sockets=[socket.socket(fileno=descriptor)])
    finally:
        keeper.stop()
        watches.stop()
        token_desk.close()
        store.close()


def _server(app: App) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_CONNECTIONS_MAX,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
    )


def beside(management: App, pages: App) -> App:
    """The management API has /api and /health; everything else is a page."""

    async def serve(
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        path = scope.get("path", "/api")  # lifespan has none
        ours = path == "/health" or path == "/api" or path.startswith("/api/")
        await (management if ours else pages)(scope, receive, send)

    return serve
