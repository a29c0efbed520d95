"""The sample's process: serves the Reading List on a listening socket that it was given."""

import socket

import uvicorn

from gatewright.main.folder import Folder
from gatewright.main.sample.service import create_app

_DRAIN_SECONDS = 2


def run(folder: Folder, descriptor: int) -> None:
    """Serve until the signal comes. `descriptor` is the listening socket's."""
    config = uvicorn.Config(
        create_app(),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
    # Not `fd=`: uvicorn then takes it for a unix socket, and each answer waits 40 ms for an ACK.
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])
