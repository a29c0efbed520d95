"""Runs a worker of the STS: granian's HTTP server on a socket that somebody else holds.

Granian's own command binds sockets and spawns processes, which is the supervisor's business here;
so its worker is started directly, in this process.
"""

import asyncio
import gc
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from granian import _futures, _granian
from granian.http import HTTP1Settings

from gatewright.interfaces.oauth.app import App
from gatewright.interfaces.oauth.chores import TICK_SECONDS
from gatewright.interfaces.oauth.reading import CONNECTION, Environ
from gatewright.observability.events import Stopped

DRAIN_SECONDS = 5
CONNECTIONS_MAX = 4096
"""Of one worker; further ones wait in the kernel's queue, where another worker may take them."""

THREADS = 64
"""Requests that may be read, decided and written at once; a body that comes slowly holds one."""

IDLE_SECONDS_MAX = 65
"""For a head to come in, and between requests: longer than proxies keep a connection for reuse."""

HEAD_BYTES_MAX = 16_384
_BACKLOG = 1024
_THREAD_IDLE_SECONDS = 30
_READ_SECONDS = 0.2
_native: Any = _granian  # its stubs lag behind it
_scheduler: Any = _futures._new_cbscheduler  # noqa: SLF001 - as granian's own servers use it


def run(app: App, fd: int) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way, for at most DRAIN_SECONDS.

    `fd` is an inherited listening socket; the others who hold it go on accepting.
    """
    _allow_connections()
    gc.collect()
    gc.freeze()  # what was loaded stays for good: no collection has to walk it again
    gc.set_threshold(20_000, 20, 20)  # requests leave no cycles behind
    stop: SimpleQueue[int] = SimpleQueue()  # unlike an Event, safe to fill from a signal handler
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: stop.put(number))
    drain, drained = _native.WorkerSignal(), threading.Event()
    drain.add_cb(drained.set)
    _start(app, fd, drain)
    while True:
        try:
            stop.get(timeout=TICK_SECONDS)
            break
        except Empty:
            app.chores.tick()
    _stop_accepting(fd)
    drain.set()
    is_clean = drained.wait(DRAIN_SECONDS)
    app.chores.finish()
    app.log.emit(Stopped())
    if not is_clean:
        os._exit(0)  # a thread still waits for a client's body, and nothing else could end it


def _start(app: App, fd: int, drain: Any) -> None:
    """Accept from now on, in threads of granian's own."""
    listener = socket.socket(fileno=fd)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    worker = _native.WSGIWorker(
        1,
        (None, _native.SocketHolder(listener.detach(), False, _BACKLOG)),  # noqa: FBT003
        None,
        py_threads=THREADS,
        py_threads_idle_timeout=_THREAD_IDLE_SECONDS,
        backpressure=CONNECTIONS_MAX,
        http_mode="1",
        http1_opts=HTTP1Settings(
            header_read_timeout=IDLE_SECONDS_MAX * 1000,
            max_buffer_size=HEAD_BYTES_MAX,
        ),
    )
    loop = asyncio.new_event_loop()  # asked for, and never run: WSGI has no use for it
    worker.serve_mtr(_scheduler(loop, _caller(app), impl_asyncio=True), loop, drain)


def _caller(app: App) -> Callable[[Any, Environ], None]:
    """What granian calls for each request.

    Granian's own copies all environment variables into each request's, and takes the answer
    through two more calls; that costs a token in twenty.
    """
    respond = app.respond

    def call(connection: Any, environ: Environ) -> None:
        environ[CONNECTION] = connection
        given = respond(environ)
        connection.response_bytes(given.status, given.headers, given.body)

    return call


def _stop_accepting(fd: int) -> None:
    """Leave new connections to the others, and let those be read that were accepted just now.

    Granian's drain stops accepting and closes what has not been read yet in one, which would lose
    their requests. So `fd` first becomes a socket that nobody knows of.
    """
    with socket.create_server(("127.0.0.1", 0)) as unknown:
        unknown.setblocking(False)  # noqa: FBT003
        os.dup2(unknown.fileno(), fd, inheritable=False)
    time.sleep(_READ_SECONDS)


def _allow_connections() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS_MAX
    enough = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
