"""Counters of one process: numbers by name and labels, that only ever grow."""

from collections.abc import Iterator

SERIES_MAX = 10_000
_OVERFLOW = ("overflow",)


class Counter:
    """Counts by labels; past SERIES_MAX combinations all further ones share one series."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._values: dict[tuple[str, ...], int] = {}

    def add(self, *labels: str, by: int = 1) -> None:
        """Add `by` to the series of these labels."""
        values = self._values
        if labels not in values and len(values) >= SERIES_MAX:
            labels = _OVERFLOW
        values[labels] = values.get(labels, 0) + by

    def value(self, *labels: str) -> int:
        """The number of that series; 0 if never counted."""
        return self._values.get(labels, 0)

    def __iter__(self) -> Iterator[tuple[tuple[str, ...], int]]:
        """Every series with its number."""
        return iter(tuple(self._values.items()))
