"""Reads the usage counters of an Envoy from its admin socket; what they mean is said elsewhere."""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from gatewright.domain.world import seconds
from gatewright.gateway.compile.usage import COUNTERS_MAX, PREFIX
from gatewright.gateway.usage_counters import Boot, Lines, Reading

TIMEOUT_SECONDS = 20
PIECE_BYTES = 262_144
_ENVIRONMENTS_MAX = 20
_NAME_BYTES = 500
ANSWER_BYTES_MAX = COUNTERS_MAX * _ENVIRONMENTS_MAX * _NAME_BYTES
_STATS = f"/stats?type=Counters&filter=%5E{PREFIX}"


class EnvoyCounters:
    """Those behind one admin socket."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._path, self._now = path, now

    def read(self) -> Reading | None:
        """What they say now; None when no Envoy answers as one does.

        Both questions go over one connection, so that one process answers them.
        """
        connection = _Connection(self._path)
        try:
            told = json.loads(b"".join(_pieces(connection, "/server_info")))
            uptime = int(str(told["uptime_current_epoch"]).removesuffix("s"))
            options = told["command_line_options"]
            boot = Boot(
                int(options.get("base_id", 0)),
                int(options.get("restart_epoch", 0)),
                seconds(self._now()) - uptime,
            )
            lines = Lines()
            for piece in _pieces(connection, _STATS):
                lines.take(piece)
            lines.take(b"")
        except (OSError, http.client.HTTPException, ValueError, KeyError, AttributeError):
            return None
        finally:
            connection.close()
        return Reading(boot, lines.counters)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("admin", timeout=TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT_SECONDS)
        self.sock.connect(str(self._path))


def _pieces(connection: http.client.HTTPConnection, path: str) -> Iterator[bytes]:
    connection.request("GET", path)
    answer = connection.getresponse()
    if answer.status != 200:
        raise http.client.HTTPException(f"{answer.status}")
    taken = 0
    while piece := answer.read(PIECE_BYTES):
        taken += len(piece)
        if taken > ANSWER_BYTES_MAX:
            raise http.client.HTTPException("too long")
        yield piece
