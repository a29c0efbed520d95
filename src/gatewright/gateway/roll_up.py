"""Usage grows old: its periods become longer, and at last it goes. In small steps, each of them a
transaction that leaves every total as it is."""

from datetime import datetime, timedelta

from gatewright.domain.usage import KEPT_DAYS, ROLL_UPS, starts_at
from gatewright.domain.world import seconds
from gatewright.store.port import Store

LOOK_SECONDS = 60
SERIES_AT_ONCE = 1000
STEPS_MAX = 200
"""Steps of one look, so that what has piled up is worked off and nobody waits for long."""


class RollUp:
    """For use by one thread; several gateways may do it, as every step finds what is left."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def look(self, now: datetime) -> int:
        """Do what is due; how many steps were needed. Raises Unavailable."""
        steps = 0
        while steps < STEPS_MAX and self._step(now):
            steps += 1
        return steps

    def _step(self, now: datetime) -> bool:
        for period, longer, days in ROLL_UPS:
            before = starts_at(seconds(now - timedelta(days=days)), longer)
            with self._store.read() as tx:
                oldest = tx.usage.oldest(period, before)
            if oldest is not None:
                with self._store.write() as tx:
                    start = starts_at(oldest, longer)
                    tx.usage.lengthen(period, longer, start, SERIES_AT_ONCE)
                return True
        return self._drop(seconds(now - timedelta(days=KEPT_DAYS)))

    def _drop(self, before: int) -> bool:
        longest = ROLL_UPS[-1][1]
        with self._store.read() as tx:
            oldest = tx.usage.oldest(longest, before)
        if oldest is None:
            return False
        with self._store.write() as tx:
            gone = tx.usage.drop(before, SERIES_AT_ONCE)
            tx.usage.forget_series(SERIES_AT_ONCE)
        return gone > 0
