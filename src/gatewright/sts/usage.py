"""When each secret and authenticator was last used: noted in memory, written once an hour."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from gatewright.domain.authenticator import Authenticator
from gatewright.domain.credential import Secret
from gatewright.domain.errors import Stale
from gatewright.store.port import Rows, Store

WRITE_EVERY = timedelta(hours=1)
Way = TypeVar("Way", Secret, Authenticator)


class Usage:
    """Uses that wait to be written; at most one entry for each row that exists."""

    def __init__(self) -> None:
        self._waiting: dict[str, datetime] = {}

    def used(self, way: Secret | Authenticator, now: datetime) -> None:
        """Note a use; never touches the store."""
        last = way.last_used_at
        if last is None or now - last >= WRITE_EVERY:
            self._waiting[way.id] = now

    def take(self) -> dict[str, datetime]:
        """What waits, by the row's id; it no longer waits afterwards."""
        taken, self._waiting = self._waiting, {}
        return taken

    def give_back(self, taken: dict[str, datetime]) -> None:
        """Let it wait again, after it could not be written."""
        self._waiting = taken | self._waiting


def write(store: Store, taken: dict[str, datetime]) -> None:
    """Write the uses, one short transaction for each row. Raises Unavailable."""
    for id, moment in taken.items():
        with store.write() as tx:
            _write(tx.secrets, id, moment)
            _write(tx.authenticators, id, moment)


def _write(rows: Rows[Way], id: str, moment: datetime) -> None:
    row = rows.get(id)
    if row is None or not _is_due(row, moment):
        return  # another worker was first, or it is gone, or it is one of the other noun
    try:
        rows.replace(replace(row, last_used_at=moment))
    except Stale:  # somebody is changing it; the next use will be written instead
        return


def _is_due(way: Secret | Authenticator, moment: datetime) -> bool:
    return way.last_used_at is None or moment - way.last_used_at >= WRITE_EVERY
