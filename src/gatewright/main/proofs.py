"""The decision service's process: it needs no store and no key of the installation."""

import asyncio
import gc
import signal

from gatewright.interfaces.authz.process import ProofSettings
from gatewright.interfaces.authz.process import run as serve
from gatewright.main.folder import Folder
from gatewright.main.parts import Parts
from gatewright.main.plan import PROOFS_SOCKET


def run(folder: Folder, descriptor: int) -> None:
    """Serve until the signal comes; `descriptor` is not used, the socket is a file's."""
    asyncio.run(_run(folder))


async def _run(folder: Folder) -> None:
    parts = Parts(folder, "proofs")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    needed = parts.layout.dpop_nonce == "required"
    settings = ProofSettings(folder.socket(PROOFS_SOCKET), needed)
    gc.freeze()  # what was loaded stays for good
    await serve(settings, parts.world, parts.log, stop)
