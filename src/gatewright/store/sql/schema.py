"""The words that tables are written in: nouns, unique values with their sentence, references."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, ForeignKey, MetaData, Table, UniqueConstraint
from sqlalchemy.schema import SchemaItem

from gatewright.store.sql.columns import Key

T = TypeVar("T")
METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)


@dataclass(frozen=True, eq=False, slots=True)
class Noun(Generic[T]):
    """One noun's class and table. The columns are the fields, in their order and by their names."""

    name: str
    table: Table
    make: Callable[..., T]
    revised: bool
    """Whether rows have a `revision`; those without are never replaced."""

    def to_row(self, item: T) -> dict[str, Any]:
        """The values by column."""
        return {column.name: getattr(item, column.name) for column in self.table.columns}

    def from_row(self, row: Any) -> T:
        """The item of one result row."""
        return self.make(*row)


def noun(name: str, kind: type[T], *items: SchemaItem) -> Noun[T]:
    """A noun whose table has `id` and then `items`. Raises TypeError unless they fit its class."""
    table = Table(name, METADATA, Column("id", Key, primary_key=True), *items)
    expected = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    if table.columns.keys() != expected:
        raise TypeError(f"{name}: columns {table.columns.keys()} are not the fields {expected}")
    return Noun(name, table, kind, "revision" in expected)


def unique(*columns: str, field: str, reason: str, way_out: str | None = None) -> UniqueConstraint:
    """Values no two rows share; who breaks it reads `field`, `reason` and `way_out`."""
    return UniqueConstraint(*columns, info={"field": field, "reason": reason, "way_out": way_out})


def refers_to(table: str) -> ForeignKey:
    """A reference that must hold when the transaction ends, so that the order within is free."""
    return ForeignKey(f"{table}.id", deferrable=True, initially="DEFERRED")


def organization_column() -> Column[str]:
    """The tenant a row belongs to."""
    return Column("organization_id", Key, refers_to("organizations"), nullable=False)
