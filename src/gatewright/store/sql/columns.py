"""The column types: how a value of the domain stands in a database column, and comes back."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from gatewright.domain.api import Definition, Past
from gatewright.domain.limit import Limits, rate
from gatewright.domain.world import microseconds, moment
from gatewright.store.sql.definition import decode, encode

# Ids sort by code point in each database, whatever its locale: lists are paged in that order.
Key = Text().with_variant(Text(collation="C"), "postgresql")
Count = BigInteger()
Serial = BigInteger().with_variant(Integer(), "sqlite")


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime as microseconds since the epoch."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """The number to store. Raises TypeError for a datetime without a time zone."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """The moment, in UTC."""
        return None if value is None else moment(value)


class Choice(TypeDecorator[StrEnum]):
    """A member of an enumeration as its text."""

    impl = Text
    cache_ok = True

    def __init__(self, members: type[StrEnum]) -> None:
        super().__init__()
        self.members = members
        self._by_text = {str(member): member for member in members}

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        """The text to store. Raises ValueError for one that is no member."""
        return None if value is None else str(self.members(value))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> StrEnum | None:
        """The member."""
        return None if value is None else self._by_text[value]


class TextSet(TypeDecorator[frozenset[str]]):
    """A set of texts as a sorted JSON array, so that equal sets are equal in the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> str | None:
        """The array as text."""
        return None if value is None else orjson.dumps(sorted(value)).decode()

    def process_result_value(self, value: Any | None, dialect: Dialect) -> frozenset[str] | None:
        """The set."""
        return None if value is None else frozenset(orjson.loads(value))


class TextMap(TypeDecorator[dict[str, str]]):
    """A dictionary of texts as a JSON object with sorted keys."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, str] | None, dialect: Dialect) -> str | None:
        """The object as text."""
        if value is None:
            return None
        return _json(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> dict[str, str] | None:
        """The dictionary, one of its own for each row."""
        if value is None:
            return None
        loaded: dict[str, str] = orjson.loads(value)
        return loaded


class DefinitionText(TypeDecorator[Definition]):
    """An API's definition as a JSON document."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Definition | None, dialect: Dialect) -> str | None:
        """The document."""
        return None if value is None else encode(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Definition | None:
        """The definition."""
        return None if value is None else decode(value)


class LimitsText(TypeDecorator[Limits]):
    """Limits as a JSON object: the API's under the empty key, the others by operation."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Limits | None, dialect: Dialect) -> str | None:
        """The object as text."""
        return None if value is None else _json(_limits_document(value))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Limits | None:
        """The limits."""
        return None if value is None else _limits(orjson.loads(value))


class LimitsByEnvironment(TypeDecorator[dict[str, Limits]]):
    """Limits by an environment's id, as a JSON object of the objects of LimitsText."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, Limits] | None, dialect: Dialect) -> str | None:
        """The object as text."""
        if value is None:
            return None
        return _json({id: _limits_document(item) for id, item in value.items()})

    def process_result_value(self, value: Any | None, dialect: Dialect) -> dict[str, Limits] | None:
        """The dictionary, one of its own for each row."""
        if value is None:
            return None
        return {id: _limits(item) for id, item in orjson.loads(value).items()}


class HistoryText(TypeDecorator[tuple[Past, ...]]):
    """What a deployment served before, as a JSON array of pairs."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[Past, ...] | None, dialect: Dialect) -> str | None:
        """The array as text."""
        if value is None:
            return None
        return orjson.dumps([[item.revision_id, item.upstream] for item in value]).decode()

    def process_result_value(self, value: Any | None, dialect: Dialect) -> tuple[Past, ...] | None:
        """The history."""
        return None if value is None else tuple([Past(*pair) for pair in orjson.loads(value)])


def _limits_document(value: Limits) -> dict[str, str]:
    whole = {} if value.api is None else {"": value.api.text}
    return whole | {key: item.text for key, item in value.operations.items()}


def _limits(document: dict[str, str]) -> Limits:
    rates = {key: rate(text) for key, text in document.items()}
    return Limits(rates.pop("", None), rates)


def _json(document: dict[str, Any]) -> str:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()
