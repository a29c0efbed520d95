"""Ports: the wanted one if it is free, else the next free one; listening sockets for children."""

import socket
from collections.abc import Collection
from dataclasses import dataclass

from gatewright.domain.errors import Unavailable

_TRIES = 100
_BACKLOG = 1024


@dataclass(frozen=True)
class Claim:
    """A port that was free; `listener` is None where another program will bind it."""

    port: int
    wanted: int
    listener: socket.socket | None

    @property
    def moved(self) -> bool:
        """Whether the wanted port was busy."""
        return self.port != self.wanted != 0


def claim(
    host: str,
    wanted: int,
    taken: set[int],
    *,
    listen: bool,
    inherited: socket.socket | None = None,
    held: Collection[int] = (),
) -> Claim:
    """The first free port from `wanted` on that is not in `taken`; 0 takes any.

    The port of an `inherited` listener is free to us, as are those that a program of ours already
    has: `held`. Raises Unavailable when a hundred in a row are busy.
    """
    candidates = (
        [0] * _TRIES if wanted == 0 else range(wanted, min(wanted + _TRIES, 65_536))
    )  # fmt: skip
    for candidate in candidates:
        if candidate in taken:
            continue
        if not listen and candidate in held:
            taken.add(candidate)
            return Claim(candidate, wanted, None)
        if inherited is not None and inherited.getsockname()[:2] == (host, candidate):
            taken.add(candidate)
            inherited.set_inheritable(True)
            return Claim(candidate, wanted, inherited)
        listener = _bound(host, candidate)
        if listener is None:
            continue
        port = int(listener.getsockname()[1])
        if port in taken:
            listener.close()
            continue
        taken.add(port)
        if not listen:
            listener.close()
            return Claim(port, wanted, None)
        listener.listen(_BACKLOG)
        listener.set_inheritable(True)
        return Claim(port, wanted, listener)
    raise Unavailable(f"no free port from {wanted} on.", "port", "Free one or set another.")


def _bound(host: str, port: int) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        return None
    return listener
