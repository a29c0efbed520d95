"""Expiry: what ends soon enough that its owner should hear of it now."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

WARNED_BEFORE = timedelta(days=14)


class Expiring(Protocol):
    """A row that may have an end: a secret, an authenticator."""

    @property
    def expires_at(self) -> datetime | None:
        """From when on it is not usable; None is never."""


E = TypeVar("E", bound=Expiring)


def expires_soon(row: Expiring, now: datetime) -> bool:
    """Whether it still lives and ends within 14 days."""
    end = row.expires_at
    return end is not None and now < end <= now + WARNED_BEFORE


def expiring(rows: Iterable[E], now: datetime) -> list[E]:
    """Those that expire soon, in their order."""
    return [row for row in rows if expires_soon(row, now)]
