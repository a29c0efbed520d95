"""The gateway's process: the controller that serves ADS, which Envoy asks."""

import asyncio
import gc
import os
import signal
from base64 import b64decode

from gatewright.crypto.domain_keys import DomainSealer
from gatewright.domain.environment import Kind
from gatewright.gateway.build import Site
from gatewright.gateway.ir import StsIr, TlsIr
from gatewright.interfaces.ads.process import GatewaySettings
from gatewright.interfaces.ads.process import run as serve
from gatewright.main import hop
from gatewright.main.folder import Folder
from gatewright.main.generations import ADS_SOCKET
from gatewright.main.parts import Parts, authorities_file
from gatewright.main.plan import DOMAINS_KEY, PROOFS_SOCKET, Layout
from gatewright.main.usage import UsageWatches

ENVIRONMENTS = {Kind.PRODUCTION: "production", Kind.SANDBOX: "development"}


def run(folder: Folder, descriptor: int) -> None:
    """Serve ADS until the signal comes; `descriptor` is not used, the socket is a file's."""
    asyncio.run(_run(folder))


async def _run(folder: Folder) -> None:
    parts = Parts(folder, "gateway")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    site = site_of(parts.layout, folder)
    settings = GatewaySettings(site, folder.socket(ADS_SOCKET), folder.snapshot, _sealer())
    usage = UsageWatches(parts)

    def ready() -> None:
        _keep_for_good()
        usage.start()  # not before, as serving comes first

    try:
        await serve(settings, parts.open_store, parts.world, parts.log, stop, ready=ready)
    finally:
        await asyncio.to_thread(usage.stop)


def _keep_for_good() -> None:
    """What was loaded stays: no later collection walks it again, and pauses what is pushed."""
    gc.collect()
    gc.freeze()


def _sealer() -> DomainSealer | None:
    """What opens the keys of domains, taken out of the environment."""
    text = os.environ.pop(DOMAINS_KEY, "")
    return DomainSealer(b64decode(text)) if text else None


def site_of(layout: Layout, folder: Folder) -> Site:
    """Where this gateway listens, what it trusts, and where our other services are.

    Raises Unavailable when TLS is wanted and the hop's secret is gone.
    """
    tls = TlsIr(*layout.tls_files) if layout.tls_files else None
    sts = StsIr(layout.host, layout.sts_tls_port, tls, hop.load(folder)) if tls else None
    listeners = {
        handle: (layout.host, layout.gateway_ports[str(kind)])
        for kind, handle in ENVIRONMENTS.items()
    }
    return Site(
        layout.sts_url,
        listeners,
        authorities_file(),
        sts_address=(layout.sts_host, layout.sts_port),
        proofs_socket=str(folder.socket(PROOFS_SOCKET)),
        tls=tls,
        sts=sts,
        domains=(layout.host, layout.domains_port) if layout.domains_port else None,
    )
