"""What a dialect gives the store: connections to read and to write with, and what errors mean."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.schema import Constraint

from gatewright.domain.errors import Conflict, Unavailable
from gatewright.store.port import Feed

PATIENCE_SECONDS = 10.0
"""How long a writer waits for the others."""
MIGRATION_PATIENCE_SECONDS = 120.0
"""How long a process waits for another one that migrates."""


class Backend(Protocol):
    """One database behind one dialect."""

    @property
    def reading(self) -> Engine:
        """Its transactions see one snapshot and can not write."""

    @property
    def writing(self) -> Engine:
        """Its transactions are alone: they begin by taking the writers' lock."""

    def turn(self) -> AbstractContextManager[None]:
        """The turn to write within this process. Raises Unavailable after PATIENCE_SECONDS."""

    def savepoint(self, connection: Connection) -> AbstractContextManager[object]:
        """What a statement that may break a constraint runs in, so that the rest can go on."""

    def broken(self, error: IntegrityError) -> Constraint | None:
        """The unique or primary key constraint that was broken; None when a reference was."""

    def announce(self, connection: Connection) -> None:
        """Tell followers, at commit, that there are changes."""

    def feed(self) -> Feed:
        """A follower with a connection of its own. Raises Unavailable."""

    def check_references(self, connection: Connection) -> bool:
        """Whether every reference holds, after a migration that did without them."""

    def close(self) -> None:
        """Release every connection."""


class Turn:
    """The turn to write within this process, where the database's own lock would be polled for."""

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._thread: int | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold it. Raises Unavailable when it does not come, RuntimeError within itself."""
        if self._thread == threading.get_ident():
            raise RuntimeError("a write() within a write() of the same thread")
        if not self._lock.acquire(timeout=self._patience_seconds):
            raise away("another writer holds it for too long")
        self._thread = threading.get_ident()
        try:
            yield
        finally:
            self._thread = None
            self._lock.release()


@contextmanager
def unavailable_when_away() -> Iterator[None]:
    """Turn the database's failures into Unavailable, without statements and their values."""
    try:
        yield
    except NoneFree:
        raise away("no connection became free in time") from None
    except (IntegrityError, ProgrammingError):
        raise  # an error of ours, not of the database
    except DBAPIError as error:
        raise away(str(error.orig).strip().split("\n")[0]) from None


def away(reason: str) -> Unavailable:
    """The error that says why the database can not be used."""
    return Unavailable(
        f"The database can not be used: {reason}.",
        "database",
        "Try again; when it stays, look at the disk and at the database's own log.",
    )


def conflict(constraint: Constraint | None) -> Conflict:
    """The sentence of a broken constraint; never a value, which may be a secret's digest."""
    if constraint is None:
        return Conflict(
            "It refers to something that does not exist, or something still refers to it.",
            None,
            "Read again and retry.",
        )
    info = constraint.info
    if not info:
        return Conflict("A row of this id exists already.", "id", "Read again and retry.")
    return Conflict(info["reason"], info["field"], info["way_out"])
