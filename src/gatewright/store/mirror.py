"""A copy in memory of the rows an engine needs, kept up to date by the feed of changes."""

from collections.abc import Iterable, Mapping
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
    """The rows of some nouns by id. One thread refreshes; a row itself never changes."""

    def __init__(self, store: Store, nouns: Iterable[str]) -> None:
        self._store = store
        self._nouns = tuple(nouns)
        self._rows: dict[str, dict[str, Any]] = {noun: {} for noun in self._nouns}
        self._feed = store.feed()
        self._pending: list[Change] = []
        self.sequence = 0
        self._load()

    def rows(self, noun: str) -> Mapping[str, Any]:
        """The rows of a noun by id; a live view."""
        return self._rows[noun]

    def stale(self) -> bool:
        """Whether `refresh` may find something; costs microseconds and no query."""
        return self._feed.changed()

    def refresh(self) -> list[Difference]:
        """Take the changes over and return what differs, in the order it was written.

        Raises Unavailable when the database is away; the copy then stays as it was.
        """
        changes = self._feed.take()
        if changes is None:
            return self._load()
        self._pending += changes  # kept until read, should the database go away in between
        wanted = dict.fromkeys((item.noun, item.id) for item in self._pending)
        ids: dict[str, list[str]] = {}
        for noun, id in wanted:
            if noun in self._rows:
                ids.setdefault(noun, []).append(id)
        fresh: dict[str, dict[str, Any]] = {}
        if ids:
            with self._store.read() as tx:
                for noun, wanted_ids in ids.items():
                    found = getattr(tx, noun).find(id=tuple(wanted_ids))
                    fresh[noun] = {row.id: row for row in found}
        differences = [
            self._put(noun, id, fresh[noun].get(id)) for noun, id in wanted if noun in fresh
        ]
        self._pending.clear()
        self.sequence = self._feed.sequence
        return [item for item in differences if item.before != item.after]

    def close(self) -> None:
        """Stop following."""
        self._feed.close()

    def _load(self) -> list[Difference]:
        with self._store.read() as tx:
            loaded = {noun: {row.id: row for row in getattr(tx, noun).find()}
                      for noun in self._nouns}  # fmt: skip
            self.sequence = tx.sequence
        self._pending.clear()
        differences = []
        for noun, rows in loaded.items():
            gone = self._rows[noun].keys() - rows.keys()
            differences += [self._put(noun, id, rows.get(id)) for id in (*gone, *rows)]
        return [item for item in differences if item.before != item.after]

    def _put(self, noun: str, id: str, after: Any) -> Difference:
        rows = self._rows[noun]
        before = rows.pop(id, None) if after is None else rows.get(id)
        if after is not None:
            rows[id] = after
        return Difference(noun, id, before, after)
