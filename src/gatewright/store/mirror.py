"""A copy in memory of the rows an engine needs, kept up to date by the feed of changes."""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gatewright.store.port import Change, Store


@dataclass(frozen=True, slots=True)
class Difference:
    """One row before and after; None where it did not or does not exist."""

    noun: str
    id: str
    before: Any
    after: Any


class Mirror:
    """The rows of some nouns by id. One thread refreshes; a row itself never changes.

    `slim` may give, by noun, a function that leaves out what its owner never reads.
    """

    def __init__(
        self,
        store: Store,
        nouns: Iterable[str],
        slim: Mapping[str, Callable[[Any], Any]] | None = None,
    ) -> None:
        self._slim = slim or {}
        self._store = store
        self._nouns = tuple(nouns)
        self._rows: dict[str, dict[str, Any]] = {noun: {} for noun in self._nouns}
        self._feed = store.feed()
        self._pending: list[Change] = []
        self._has_gap = False
        self.sequence = 0
        self._load()

    def rows(self, noun: str) -> Mapping[str, Any]:
        """The rows of a noun by id; a live view."""
        return self._rows[noun]

    def stale(self) -> bool:
        """Whether `refresh` may find something; costs microseconds and no query."""
        return self._has_gap or bool(self._pending) or self._feed.changed()

    def refresh(self) -> list[Difference]:
        """Take the changes over and return what differs, in the order it was written.

        Raises Unavailable when the database is away; the copy then stays as it was.
        """
        changes = self._feed.take()
        # Both are kept until the rows are read, should the database go away in between.
        if changes is None:
            self._has_gap = True
        else:
            self._pending += changes
        if self._has_gap:
            return self._load()
        fresh = self._read({item.noun: None for item in self._pending})
        differences = [
            self._put(noun, id, fresh[noun].get(id))
            for noun, id in dict.fromkeys((item.noun, item.id) for item in self._pending)
            if noun in fresh
        ]
        self._pending.clear()
        self.sequence = max(self.sequence, self._feed.sequence)
        return [item for item in differences if item.before != item.after]

    def close(self) -> None:
        """Stop following."""
        self._feed.close()

    def _read(self, nouns: Iterable[str]) -> dict[str, dict[str, Any]]:
        wanted = {noun: self._pending_ids(noun) for noun in nouns if noun in self._rows}
        if not wanted:
            return {}
        with self._store.read() as tx:
            return {
                noun: {row.id: row for row in getattr(tx, noun).find(id=ids)}
                for noun, ids in wanted.items()
            }

    def _pending_ids(self, noun: str) -> tuple[str, ...]:
        return tuple(item.id for item in self._pending if item.noun == noun)

    def _load(self) -> list[Difference]:
        with _collector_paused(), self._store.read() as tx:
            loaded = {noun: {row.id: row for row in getattr(tx, noun).find()}
                      for noun in self._nouns}  # fmt: skip
            sequence = tx.sequence
        self._pending.clear()
        self._has_gap = False
        self.sequence = sequence
        differences = []
        for noun, rows in loaded.items():
            gone = self._rows[noun].keys() - rows.keys()
            differences += [self._put(noun, id, rows.get(id)) for id in (*gone, *rows)]
        return [item for item in differences if item.before != item.after]

    def _put(self, noun: str, id: str, after: Any) -> Difference:
        rows = self._rows[noun]
        before = rows.pop(id, None) if after is None else rows.get(id)
        if after is not None:
            after = self._slim[noun](after) if noun in self._slim else after
            rows[id] = after
        return Difference(noun, id, before, after)


@contextmanager
def _collector_paused() -> Iterator[None]:
    # Rows hold no cycles, yet looking for some takes more time than reading 10,000 APIs does.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
