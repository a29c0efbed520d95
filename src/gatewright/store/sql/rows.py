"""The port's verbs over the table of any one noun; it knows no noun by name."""

import dataclasses
from typing import Any, Generic, NoReturn, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from gatewright.domain.errors import NotFound, Stale
from gatewright.store.port import WATCHED
from gatewright.store.sql import queries
from gatewright.store.sql.backend import Backend, conflict
from gatewright.store.sql.changes import ChangeLog
from gatewright.store.sql.schema import Noun

T = TypeVar("T")


class SqlRows(Generic[T]):
    """The rows of one noun in one transaction; without a log of changes it only reads."""

    def __init__(
        self, noun: Noun[T], connection: Connection, backend: Backend, log: ChangeLog | None
    ) -> None:
        self._noun = noun
        self._table = noun.table
        self._connection = connection
        self._backend = backend
        self._log = log

    def get(self, id: str) -> T | None:
        """The row of that id, or None."""
        found = self._select({"id": id})
        return found[0] if found else None

    def add(self, row: T) -> T:
        """Insert. Raises Conflict naming the field when a unique value is taken."""
        log = self._writable()
        values = self._noun.to_row(row)
        self._execute(queries.insert_statement(self._table), values)
        self._note(log, values)
        return row

    def replace(self, row: T) -> T:
        """Write over the row; the new one has its revision raised by one.

        Raises Stale, NotFound, Conflict as `add`; TypeError for a noun that never changes.
        """
        log = self._writable()
        if not self._noun.revised:
            raise TypeError(f"{self._noun.name} have no revision: add and remove them only")
        values = self._noun.to_row(row)
        revision = values["revision"]
        values |= {"if_id": values.pop("id"), "if_revision": revision, "revision": revision + 1}
        result = self._execute(queries.replace_statement(self._table), values)
        if result.rowcount == 0:
            self._refuse(values["if_id"])
        self._note(log, {**values, "id": values["if_id"]})
        return dataclasses.replace(row, revision=revision + 1)  # type: ignore[type-var]

    def remove(self, id: str) -> None:
        """Delete; nothing happens when it is gone. References are checked on commit."""
        log = self._writable()
        gone = self._execute(queries.remove_statement(self._table), {"if_id": id}).first()
        if gone is not None:
            self._note(log, {"id": id, "organization_id": gone[0]})

    def find(self, **conditions: object) -> list[T]:
        """All rows that meet the conditions, by id. Raises TypeError for an unknown condition."""
        return self._in_order([self._select(part) for part in queries.parts(conditions)])

    def page(self, *, after: str | None, limit: int, **conditions: object) -> list[T]:
        """At most `limit` rows whose id is greater than `after`, by id."""
        pages = []
        for part in queries.parts(conditions):
            kinds, parameters = queries.shape(part)
            statement = queries.page_statement(self._table, kinds, continued=after is not None)
            parameters |= {"limit": limit} if after is None else {"limit": limit, "after": after}
            pages.append([self._noun.from_row(row) for row in self._run(statement, parameters)])
        return self._in_order(pages)[:limit]

    def count(self, **conditions: object) -> int:
        """How many rows meet the conditions."""
        total = 0
        for part in queries.parts(conditions):
            kinds, parameters = queries.shape(part)
            statement = queries.count_statement(self._table, kinds)
            total += self._run(statement, parameters).scalar_one()
        return total

    def _select(self, conditions: dict[str, object]) -> list[T]:
        kinds, parameters = queries.shape(conditions)
        statement = queries.find_statement(self._table, kinds)
        make = self._noun.make
        return [make(*row) for row in self._run(statement, parameters)]

    def _in_order(self, lists: list[list[T]]) -> list[T]:
        if len(lists) == 1:
            return lists[0]
        return sorted((row for rows in lists for row in rows), key=_id)

    def _run(self, statement: Any, parameters: dict[str, object]) -> Any:
        return self._connection.execute(statement, parameters)

    def _execute(self, statement: Any, parameters: dict[str, Any]) -> Any:
        try:
            with self._backend.savepoint(self._connection):
                return self._connection.execute(statement, parameters)
        except IntegrityError as error:
            raise conflict(self._backend.broken(error)) from None

    def _writable(self) -> ChangeLog:
        if self._log is None:
            raise TypeError("this transaction only reads: use Store.write()")
        return self._log

    def _note(self, log: ChangeLog, values: dict[str, Any]) -> None:
        if self._noun.name in WATCHED:
            log.note(self._noun.name, values["id"], values.get("organization_id", values["id"]))

    def _refuse(self, id: str) -> NoReturn:
        if self.count(id=id):
            raise Stale("It was changed meanwhile.", "revision", "Read it again, then retry.")
        raise NotFound("It is gone.", "id", "Somebody removed it meanwhile.")


def _id(row: Any) -> str:
    return str(row.id)
