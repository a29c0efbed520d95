"""The gateway process: snapshot from disk, discovery server, then the store; until told to stop."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gatewright.domain.errors import GatewrightError
from gatewright.domain.world import World
from gatewright.gateway.build import Site
from gatewright.gateway.certificate_files import CertificateFiles
from gatewright.gateway.controller import Controller
from gatewright.gateway.descriptors import load_messages
from gatewright.gateway.fleet import Fleet
from gatewright.gateway.sealed import Sealer, unseal
from gatewright.gateway.shares import Shares
from gatewright.gateway.snapshot import Snapshot, load
from gatewright.interfaces.ads.server import DiscoveryServer
from gatewright.observability.events import Event
from gatewright.observability.log import Log
from gatewright.store.port import Store

_GRACE_SECONDS = 0.5
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class StartsEmpty(Event):
    """There is no snapshot to serve until the store has been read; `reason` says why."""

    name: ClassVar[str] = "gateway.starts_empty"
    reason: str


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Where a gateway process keeps and offers things. `ads_socket` is a unix socket's path;
    `sealer` opens and keeps the private keys of domains."""

    site: Site
    ads_socket: Path
    snapshot_path: Path
    sealer: Sealer | None = None


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
    snapshot = _kept(settings, log)
    messages = load_messages()
    certificate = CertificateFiles(settings.site.tls, messages, log.emit)
    _renew(certificate, snapshot)
    shares = Shares(snapshot, messages.pack)
    fleet = Fleet(snapshot, shares.here)
    settings.ads_socket.parent.mkdir(parents=True, exist_ok=True)
    settings.ads_socket.unlink(missing_ok=True)
    discovery = DiscoveryServer(snapshot, messages, fleet.observe)
    server = discovery.server(f"unix:{settings.ads_socket}")
    await server.start()
    settings.ads_socket.chmod(0o600)
    serving(snapshot)
    controller = Controller(
        snapshot, fleet, settings.site, messages, world, log, open_store, settings.snapshot_path,
        on_others=shares.elsewhere, sealer=settings.sealer,
    )  # fmt: skip
    controller.start()
    renewing = asyncio.create_task(_watch(certificate, snapshot))
    try:
        await _first(stop, controller.ready)
        if controller.ready.is_set():
            ready()
        await stop.wait()
    finally:
        renewing.cancel()
        await controller.stop()
        await server.stop(_GRACE_SECONDS)


async def _first(*events: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    _, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()


async def _watch(certificate: CertificateFiles, snapshot: Snapshot) -> None:
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        _renew(certificate, snapshot)


def _renew(certificate: CertificateFiles, snapshot: Snapshot) -> None:
    if certificate.look() and certificate.current is not None:
        snapshot.put(certificate.current)


def _kept(settings: GatewaySettings, log: Log) -> Snapshot:
    try:
        snapshot = load(settings.snapshot_path)
        unseal(snapshot, settings.sealer)
        return snapshot
    except GatewrightError as error:
        log.emit(StartsEmpty(str(error)))
        return Snapshot()
