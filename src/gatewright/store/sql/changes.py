"""The table of changes: who wrote it in a transaction, and how far back it reaches."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table, Text, delete, func, insert, select

from gatewright.domain.world import World
from gatewright.store.port import Change
from gatewright.store.sql.backend import Backend
from gatewright.store.sql.columns import Key, Moment, Serial
from gatewright.store.sql.schema import METADATA

CHANGES = Table(
    "changes",
    METADATA,
    Column("sequence", Serial, primary_key=True),
    Column("noun", Text, nullable=False),
    Column("id", Key, nullable=False),
    Column("organization_id", Key, nullable=False),
    Column("at", Moment, nullable=False),
    sqlite_autoincrement=True,
)
CHANGES_KEPT = 100_000
PRUNE_EVERY = 1_000
SINCE = "SELECT sequence, noun, id, organization_id FROM changes WHERE sequence >="
"""What a feed asks on its raw connection: the last change it knows, and those after it."""

_NEWEST = select(func.coalesce(func.max(CHANGES.c.sequence), 0))
_INSERT = insert(CHANGES).inline()


class ChangeLog:
    """The changes of one transaction; the writers' lock makes their order that of commits."""

    def __init__(self, connection: Connection, backend: Backend, world: World, kept: int) -> None:
        self._connection = connection
        self._backend = backend
        self._world = world
        self._kept = kept
        self._pending: dict[tuple[str, str], str] = {}

    def note(self, noun: str, id: str, organization_id: str) -> None:
        """Remember that the row was written; several writes of one row make one change."""
        self._pending[noun, id] = organization_id

    def flush(self) -> None:
        """Write what was noted and, now and then, forget the oldest."""
        if not self._pending:
            return
        at = self._world.now()
        rows = [
            {"noun": noun, "id": id, "organization_id": organization_id, "at": at}
            for (noun, id), organization_id in self._pending.items()
        ]
        self._pending.clear()
        self._connection.execute(_INSERT, rows)
        self._backend.announce(self._connection)
        newest = self.newest()
        if newest // PRUNE_EVERY != (newest - len(rows)) // PRUNE_EVERY:
            self._connection.execute(
                delete(CHANGES).where(CHANGES.c.sequence <= newest - self._kept)
            )

    def newest(self) -> int:
        """The sequence number of the newest change written, 0 when none."""
        return int(self._connection.scalar(_NEWEST) or 0)


def continued(rows: Sequence[Any], since: int) -> list[Change] | None:
    """The changes after `since` in what `SINCE` gave; None when some may have been pruned.

    As the newest is never pruned, the change `since` itself is missing exactly when it was.
    """
    complete = rows[0][0] == (since or 1) if rows else since == 0
    return [Change(*row) for row in rows if row[0] > since] if complete else None
