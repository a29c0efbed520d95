"""Runs a worker of the STS on a listening socket that somebody else holds."""

import asyncio
import contextlib
import gc
import resource
import signal
import socket

import uvloop

from gatewright.interfaces.oauth.app import App
from gatewright.interfaces.oauth.connection import CONNECTIONS_MAX, Connections
from gatewright.interfaces.oauth.upkeep import run_once, run_upkeep
from gatewright.observability.events import Stopped

DRAIN_SECONDS = 5
_BACKLOG = 1024


def run(app: App, fd: int) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way, for at most DRAIN_SECONDS.

    `fd` is an inherited listening socket; the others who hold it go on accepting.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = (
        2 * CONNECTIONS_MAX if hard == resource.RLIM_INFINITY else min(hard, 2 * CONNECTIONS_MAX)
    )
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
    gc.collect()
    gc.freeze()  # what was loaded stays for good: no collection has to walk it again
    gc.set_threshold(20_000, 20, 20)  # requests leave no cycles behind
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(app, fd))


async def _serve(app: App, fd: int) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    connections = Connections(app, app.service.state.world)
    listener = socket.socket(fileno=fd)
    listener.setblocking(False)  # noqa: FBT003
    server = await loop.create_server(connections.accept, sock=listener, backlog=_BACKLOG)
    tasks = [asyncio.create_task(run_upkeep(app)), asyncio.create_task(_tick(connections))]
    await stop.wait()
    server.close()
    connections.drain()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(connections.emptied.wait(), DRAIN_SECONDS)
    for task in tasks:
        task.cancel()
    await run_once(app)
    app.log.emit(Stopped())


async def _tick(connections: Connections) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(1)
        connections.tick(loop.time())
