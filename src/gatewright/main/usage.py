"""Usage in the gateway's process: a thread that takes it from Envoy, one in which it grows old."""

from gatewright.gateway import collector, roll_up
from gatewright.gateway.collector import Collector
from gatewright.gateway.envoy_counters import EnvoyCounters
from gatewright.gateway.roll_up import RollUp
from gatewright.main.generations import ADMIN_SOCKET, node_name
from gatewright.main.parts import Parts
from gatewright.main.watch import Watch
from gatewright.store.port import Store


class UsageWatches:
    """Both threads; neither holds up what Envoy is served."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        counters = EnvoyCounters(parts.folder.socket(ADMIN_SOCKET), parts.world.now)
        self._collector = Collector(
            node_name(parts.folder), counters.read, parts.open_store, parts.world, parts.log.emit
        )
        self._store: Store | None = None
        self._started = False
        self._watches = (
            Watch(
                "usage", self._collector.look, collector.LOOK_SECONDS,
                lambda error: parts.log.fail("usage", error),
            ),
            Watch(
                "usage-roll-up", self._roll_up, roll_up.LOOK_SECONDS,
                lambda error: parts.log.fail("usage roll-up", error),
            ),
        )  # fmt: skip

    def start(self) -> None:
        """Begin."""
        self._started = True
        for watch in self._watches:
            watch.start()

    def stop(self) -> None:
        """End the threads. What was counted since the last look waits in Envoy."""
        for watch in self._watches if self._started else ():
            watch.stop()
        self._collector.close()
        if self._store is not None:
            self._store.close()

    def _roll_up(self) -> None:
        if self._store is None:
            self._store = self._parts.open_store()
        RollUp(self._store).look(self._parts.world.now())
