"""The decision service in a thread, and bound tokens with proofs, for tests of the gateway."""

import asyncio
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.crypto.holder import Holder
from tests.gateway.real import WORLD, Tokens

from gatewright.interfaces.authz.process import ProofSettings, run
from gatewright.observability.log import Log

SUBJECT = "client_reader_production.1"


class Service:
    """Starts, stops and starts again; `old` says that it seems to run for an hour."""

    def __init__(self, socket: Path, *, nonces_needed: bool = False, old: bool = True) -> None:
        self._settings = ProofSettings(socket, nonces_needed)
        self._old = old
        self.lines: list[bytes] = []
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        began = threading.Event()

        async def main() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            world = replace(WORLD, now=_clock()) if self._old else WORLD
            log = Log("proofs", WORLD, self.lines.append)
            await run(self._settings, world, log, self._stop, began.set)

        self._thread = threading.Thread(target=lambda: asyncio.run(main()))
        self._thread.start()
        assert began.wait(10)

    def stop(self) -> None:
        if self._thread:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
            self._thread = None


def _clock() -> Callable[[], datetime]:
    """The first answer, by which it knows its start, is an hour ago."""
    asked = itertools.count()
    return lambda: WORLD.now() - timedelta(hours=0 if next(asked) else 1)


class Bound:
    """Tokens bound to a key, and what a client sends with them."""

    def __init__(self, tokens: Tokens, gateway_url: str, path: str) -> None:
        self._tokens, self.url = tokens, gateway_url + path

    def token(self, holder: Holder, **claims: Any) -> str:
        made = {"gwk": None, "gwb": SUBJECT, "cnf": {"jkt": holder.thumbprint}, **claims}
        return self._tokens(**made)

    def proof(self, holder: Holder, token: str, **changes: Any) -> str:
        wanted = {"htm": "GET", "htu": self.url, **changes}
        return holder.proof(int(time.time()), **{"access_token": token, **wanted})
