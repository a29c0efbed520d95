"""The gateway's two processes: the controller that serves ADS, and the Envoy that asks it."""

import asyncio
import gc
import json
import signal

from gatewright.domain.environment import Kind
from gatewright.gateway.build import Site
from gatewright.gateway.envoy import Bootstrap, binary, bootstrap
from gatewright.gateway.ir import StsIr, TlsIr
from gatewright.interfaces.ads.process import GatewaySettings
from gatewright.interfaces.ads.process import run as serve
from gatewright.main import hop
from gatewright.main.environment import SECRET_VARIABLES
from gatewright.main.folder import Folder, write_private
from gatewright.main.parts import Parts, authorities_file
from gatewright.main.plan import PROOFS_SOCKET, Layout
from gatewright.main.processes import Program

ADS_SOCKET, ADMIN_SOCKET = "ads", "envoy-admin"
NODE = "embedded"
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
    settings = GatewaySettings(site, folder.socket(ADS_SOCKET), folder.snapshot)
    await serve(settings, parts.open_store, parts.world, parts.log, stop, ready=_keep_for_good)


def _keep_for_good() -> None:
    """What was loaded stays: no later collection walks it again, and pauses what is pushed."""
    gc.collect()
    gc.freeze()


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
    )


def envoy_program(folder: Folder, layout: Layout) -> Program:
    """Envoy with its bootstrap file. Raises Unavailable when the binary is not installed."""
    config = folder.run / "envoy.json"
    settings = Bootstrap(NODE, folder.socket(ADS_SOCKET), folder.socket(ADMIN_SOCKET))
    write_private(config, json.dumps(bootstrap(settings)))
    command = [
        str(binary()),
        "--config-path", str(config),
        # Deprecations, of what this version of Envoy still wants, are silent.
        "--component-log-level", "misc:error",
        "--log-level", "warning",
        # Its sockets have no permissions: any user of the machine could take the listeners over.
        "--disable-hot-restart",
    ]  # fmt: skip
    if layout.envoy_concurrency:
        command += ["--concurrency", str(layout.envoy_concurrency)]
    log = folder.logs / "envoy.log"
    return Program("envoy", command, log, shielded=True, withheld=SECRET_VARIABLES)
