"""When each secret was last used: noted in memory, written at most once an hour for each."""

from dataclasses import replace
from datetime import datetime, timedelta

from gatewright.domain.credential import Secret
from gatewright.domain.errors import Stale
from gatewright.store.port import Store

WRITE_EVERY = timedelta(hours=1)


class Usage:
    """Uses that wait to be written; at most one entry for each secret that exists."""

    def __init__(self) -> None:
        self._waiting: dict[str, datetime] = {}

    def used(self, secret: Secret, now: datetime) -> None:
        """Note a use; never touches the store."""
        last = secret.last_used_at
        if last is None or now - last >= WRITE_EVERY:
            self._waiting[secret.id] = now

    def take(self) -> dict[str, datetime]:
        """What waits, by the secret's id; it no longer waits afterwards."""
        taken, self._waiting = self._waiting, {}
        return taken

    def give_back(self, taken: dict[str, datetime]) -> None:
        """Let it wait again, after it could not be written."""
        self._waiting = taken | self._waiting


def write(store: Store, taken: dict[str, datetime]) -> None:
    """Write the uses, one short transaction for each secret. Raises Unavailable."""
    for id, moment in taken.items():
        with store.write() as tx:
            secret = tx.secrets.get(id)
            if secret is None or not _is_due(secret, moment):
                continue  # another worker was first, or the secret is gone
            try:
                tx.secrets.replace(replace(secret, last_used_at=moment))
            except Stale:  # somebody is changing it; the next use will be written instead
                continue


def _is_due(secret: Secret, moment: datetime) -> bool:
    return secret.last_used_at is None or moment - secret.last_used_at >= WRITE_EVERY
