"""Waits until the connected gateways have a write in force; all who wait share the reading."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from gatewright.domain.observed import GatewayNode
from gatewright.store.port import Store

PATIENCE_SECONDS = 2.0
"""For a gateway to have what was written; a connected one takes milliseconds."""

_LOOK_SECONDS = 0.005


class Applied:
    """What the gateways have reached. For use by any number of threads."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], datetime],
        patience_seconds: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._now, self._clock = store, now, clock
        self._patience_seconds = patience_seconds
        self._turn = threading.Lock()
        self._seen: Sequence[GatewayNode] = ()
        self._seen_from = float("-inf")

    def wait(self, environment_ids: frozenset[str], sequence: int) -> bool:
        """Whether every connected gateway of these environments has all up to `sequence`.

        Waits for it as long as `patience_seconds`; without any such gateway it is so at once.
        Raises Unavailable when the database is away.
        """
        began = self._clock()
        while True:
            nodes, now = self._look(began), self._now()
            late = [
                node
                for node in nodes
                if node.environment_ids & environment_ids
                and node.present(now)
                and node.applied_sequence < sequence
            ]
            if not late:
                return True
            if self._clock() - began >= self._patience_seconds:
                return False
            time.sleep(_LOOK_SECONDS)

    def _look(self, began: float) -> Sequence[GatewayNode]:
        """What was read after `began`, and a moment ago at the most: one read serves all."""
        with self._turn:
            started = self._clock()
            if self._seen_from < max(began, started - _LOOK_SECONDS):
                with self._store.read() as tx:
                    self._seen = tx.gateway_nodes.find()
                self._seen_from = started
            return self._seen
