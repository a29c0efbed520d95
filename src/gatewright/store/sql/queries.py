"""The statements, each built once for a table and the shape of its conditions, and then reused."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

VALUES_MAX = 1000
"""Values of one condition in one statement; SQLite takes 32,766 parameters at most."""

Shape = tuple[tuple[str, str], ...]


def parts(conditions: Mapping[str, object]) -> Iterator[dict[str, object]]:
    """The conditions, in parts that share no row when a tuple is too long for one statement."""
    distinct = {
        name: tuple(dict.fromkeys(value)) if isinstance(value, tuple) else value
        for name, value in conditions.items()
    }
    for name, value in distinct.items():
        if isinstance(value, tuple) and len(value) > VALUES_MAX:
            for start in range(0, len(value), VALUES_MAX):
                yield from parts({**distinct, name: value[start : start + VALUES_MAX]})
            return
    yield distinct


def shape(conditions: Mapping[str, object]) -> tuple[Shape, dict[str, object]]:
    """What the statement depends on, and the parameters that it is run with."""
    kinds = []
    parameters: dict[str, object] = {}
    for name, value in conditions.items():
        if value is None:
            kinds.append((name, "null"))
            continue
        kind = "any" if isinstance(value, tuple) else "equal"
        if isinstance(value, tuple) and None in value:
            kind, value = "any or null", tuple(item for item in value if item is not None)
        kinds.append((name, kind))
        parameters[f"if_{name}"] = value
    return tuple(kinds), parameters


@lru_cache(maxsize=1000)
def find_statement(table: Table, kinds: Shape) -> Select[Any]:
    """Every row that meets the conditions, by id."""
    return select(table).where(*_clauses(table, kinds)).order_by(table.c.id)


@lru_cache(maxsize=1000)
def page_statement(table: Table, kinds: Shape, *, continued: bool) -> Select[Any]:
    """At most `limit` rows, after the id `after` when continued."""
    statement = find_statement(table, kinds).limit(bindparam("limit"))
    return statement.where(table.c.id > bindparam("after")) if continued else statement


@lru_cache(maxsize=1000)
def count_statement(table: Table, kinds: Shape) -> Select[Any]:
    """How many rows meet the conditions."""
    return select(func.count()).select_from(table).where(*_clauses(table, kinds))


@lru_cache(maxsize=100)
def insert_statement(table: Table) -> Insert:
    """One row; no value is read back."""
    return insert(table).inline()


@lru_cache(maxsize=100)
def replace_statement(table: Table) -> Update:
    """All columns of the row of `if_id`, if it still has the revision `if_revision`."""
    values: dict[str, Any] = {column.name: bindparam(column.name) for column in table.columns}
    del values["id"]
    unchanged = table.c.revision == bindparam("if_revision")
    return update(table).where(table.c.id == bindparam("if_id"), unchanged).values(values)


@lru_cache(maxsize=100)
def remove_statement(table: Table) -> Delete:
    """The row of `if_id`; gives back whose it was, where a row has an organization."""
    statement = delete(table).where(table.c.id == bindparam("if_id"))
    owner = table.c.get("organization_id")
    return statement.returning(table.c.id if owner is None else owner)  # type: ignore[return-value]


def _clauses(table: Table, kinds: Shape) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = []
    for name, kind in kinds:
        column = table.columns.get(name)
        if column is None:
            raise TypeError(f"{table.name} has no column {name!r} to find by")
        parameter = bindparam(f"if_{name}", type_=column.type, expanding=kind.startswith("any"))
        if kind == "null":
            clauses.append(column.is_(None))
        elif kind == "equal":
            clauses.append(column == parameter)
        elif kind == "any":
            clauses.append(column.in_(parameter))
        else:
            clauses.append(or_(column.in_(parameter), column.is_(None)))
    return clauses
