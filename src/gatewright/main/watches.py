"""What the control plane's process looks after beside its requests, each in a thread of its own."""

from gatewright.control.expiry import ExpiryWatch
from gatewright.control.fetch import Fetcher
from gatewright.control.key_ends import LOOK_SECONDS, KeyEnds
from gatewright.control.key_set_watch import KeySetWatch
from gatewright.main.parts import Parts
from gatewright.main.watch import Watch
from gatewright.store.port import Store

EXPIRY_LOOK_SECONDS = 3600
KEY_SETS_LOOK_SECONDS = 5


class Watches:
    """What expires soon, API keys that are due to end, and the keys of key managers."""

    def __init__(self, parts: Parts, store: Store, key_fetcher: Fetcher) -> None:
        log = parts.log
        expiry = ExpiryWatch(store, parts.world, log.emit)
        self._key_ends = KeyEnds(store, parts.world)
        self._key_sets = KeySetWatch(
            store,
            parts.world,
            key_fetcher.read,
            log.emit,
            lambda error: log.fail("key sets", error),
        )
        self._watches = (
            Watch("expiry", expiry.look, EXPIRY_LOOK_SECONDS, lambda e: log.fail("expiry", e)),
            Watch("api-keys", self._key_ends.look, LOOK_SECONDS, lambda e: log.fail("api keys", e)),
            Watch(
                "key-sets",
                self._key_sets.look,
                KEY_SETS_LOOK_SECONDS,
                lambda e: log.fail("key sets", e),
            ),
        )

    def start(self) -> None:
        """Begin to look."""
        for watch in self._watches:
            watch.start()

    def stop(self) -> None:
        """End the threads."""
        for watch in self._watches:
            watch.stop()
        self._key_sets.stop()
        self._key_ends.close()
