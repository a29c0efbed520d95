"""The gateway process: snapshot from disk, discovery server, then the store; until told to stop."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gatewright.domain.errors import GatewrightError
from gatewright.domain.world import World
from gatewright.gateway.build import Site
from gatewright.gateway.controller import Controller
from gatewright.gateway.descriptors import load_messages
from gatewright.gateway.fleet import Fleet
from gatewright.gateway.snapshot import Snapshot, load
from gatewright.interfaces.ads.server import DiscoveryServer
from gatewright.observability.events import Event
from gatewright.observability.log import Log
from gatewright.store.port import Store

_GRACE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class StartsEmpty(Event):
    """There is no snapshot to serve until the store has been read; `reason` says why."""

    name: ClassVar[str] = "gateway.starts_empty"
    reason: str


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Where a gateway process keeps and offers things. `ads_socket` is a unix socket's path."""

    site: Site
    ads_socket: Path
    snapshot_path: Path


async def run(
    settings: GatewaySettings,
    open_store: Callable[[], Store],
    world: World,
    log: Log,
    stop: asyncio.Event,
    serving: Callable[[Snapshot], None] = lambda snapshot: None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until `stop` is set.

    `serving` is called with the snapshot once Envoys can connect, before the store is opened;
    `ready` once the store has been read. A store that is away is waited for.
    """
    snapshot = _kept(settings.snapshot_path, log)
    messages = load_messages()
    fleet = Fleet(snapshot)
    settings.ads_socket.parent.mkdir(parents=True, exist_ok=True)
    settings.ads_socket.unlink(missing_ok=True)
    discovery = DiscoveryServer(snapshot, messages, fleet.observe)
    server = discovery.server(f"unix:{settings.ads_socket}")
    await server.start()
    settings.ads_socket.chmod(0o600)
    serving(snapshot)
    controller = Controller(
        snapshot, fleet, settings.site, messages, world, log, open_store, settings.snapshot_path
    )
    controller.start()
    try:
        await _first(stop, controller.ready)
        if controller.ready.is_set():
            ready()
        await stop.wait()
    finally:
        await controller.stop()
        await server.stop(_GRACE_SECONDS)


async def _first(*events: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    _, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()


def _kept(path: Path, log: Log) -> Snapshot:
    try:
        return load(path)
    except GatewrightError as error:
        log.emit(StartsEmpty(str(error)))
        return Snapshot()
