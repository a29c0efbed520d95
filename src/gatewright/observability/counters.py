"""Counters and histograms of one process: numbers by name and labels, that only ever grow."""

from bisect import bisect_left
from collections.abc import Iterator
from threading import Lock

SERIES_MAX = 10_000
OVERFLOW = ("overflow",)
"""The labels of what came past SERIES_MAX."""


class Counter:
    """Counts by labels; past SERIES_MAX combinations all further ones share one series.

    `labels` names them. For use by one thread at a time.
    """

    def __init__(self, name: str, *labels: str) -> None:
        self.name = name
        self.labels = labels
        self._values: dict[tuple[str, ...], int] = {}

    def add(self, *labels: str, by: int = 1) -> None:
        """Add `by` to the series of these labels."""
        values = self._values
        if labels not in values and len(values) >= SERIES_MAX:
            labels = OVERFLOW
        values[labels] = values.get(labels, 0) + by

    def value(self, *labels: str) -> int:
        """The number of that series; 0 if never counted."""
        return self._values.get(labels, 0)

    def __iter__(self) -> Iterator[tuple[tuple[str, ...], int]]:
        """Every series with its number."""
        return iter(tuple(self._values.items()))


class Histogram:
    """How many observations were at most each bound, and their sum. For use by any thread."""

    def __init__(self, name: str, bounds: tuple[float, ...]) -> None:
        self.name = name
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self._turn = Lock()

    def observe(self, value: float) -> None:
        """Count one observation; the last count is of those beyond every bound."""
        place = bisect_left(self.bounds, value)
        with self._turn:
            self.counts[place] += 1
            self.sum += value
