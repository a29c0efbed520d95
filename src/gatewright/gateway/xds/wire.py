"""Writes messages in protobuf's wire format straight from JSON, guided by descriptors.

json_format does the same ten times slower; both give the same message (a test compares them).
What is rare here is left to json_format. (protobuf.dev, "Encoding" and "ProtoJSON Format".)
"""

import re
import struct
from collections.abc import Callable
from typing import Any

from google.protobuf import json_format

Write = Callable[[Any], bytes]
_WRAPPERS = frozenset(
    f"google.protobuf.{name}Value"
    for name in ("Bool", "Int32", "Int64", "UInt32", "UInt64", "String", "Bytes", "Double", "Float")
)
_BY_JSON = frozenset({"google.protobuf.Duration", "google.protobuf.Timestamp",
                      "google.protobuf.Struct", "google.protobuf.Value",
                      "google.protobuf.ListValue", "google.protobuf.FieldMask"})  # fmt: skip
_ANY = "google.protobuf.Any"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def varint(value: int) -> bytes:
    """An unsigned number, seven bits at a time."""
    if value < 128:
        return bytes((value,))
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes((*groups, value))


class Wire:
    """Writers by message name, made when first needed. Safe for use by several threads."""

    def __init__(self, pool: Any, message_class: Callable[[str], Any]) -> None:
        self._pool, self._class = pool, message_class
        self._tables: dict[str, dict[str, Write]] = {}

    def write(self, name: str, content: dict[str, Any]) -> bytes:
        """The bytes of a message. Raises KeyError for an unknown field or type, ValueError or
        TypeError for a value of the wrong form."""
        if name in _BY_JSON:
            return self._by_json(name, content)
        table = self._tables.get(name) or self._table(name)
        return b"".join([table[key](value) for key, value in content.items()])

    def _table(self, name: str) -> dict[str, Write]:
        descriptor = self._pool.FindMessageTypeByName(name)
        table: dict[str, Write] = {}
        self._tables[name] = table
        for field in descriptor.fields:
            table[field.name] = table[field.json_name] = self._field(field)
        return table

    def _field(self, field: Any) -> Write:
        message = field.message_type
        if message is not None and message.GetOptions().map_entry:
            return self._map(field)
        wire, value_of = self._value(field)
        tag = varint(field.number << 3 | wire)
        one = _delimited(tag, value_of) if wire == _BYTES else _plain(tag, value_of)
        if field.is_repeated:
            return lambda values: b"".join([one(value) for value in values])
        return one

    def _map(self, field: Any) -> Write:
        entry = field.message_type
        key_of = self._field(entry.fields_by_name["key"])
        value_of = self._field(entry.fields_by_name["value"])
        tag = varint(field.number << 3 | _BYTES)

        def write(values: dict[Any, Any]) -> bytes:
            pieces: list[bytes] = []
            for key in sorted(values):
                body = key_of(key) + value_of(values[key])
                pieces += (tag, varint(len(body)), body)
            return b"".join(pieces)

        return write

    def _value(self, field: Any) -> tuple[int, Write]:
        if field.message_type is not None:
            return _BYTES, self._message(field.message_type.full_name)
        if field.enum_type is not None:
            return _VARINT, _enum(field.enum_type)
        return _SCALARS.get(field.type, (_BYTES, _unwritten))

    def _message(self, name: str) -> Write:
        if name == _ANY:
            return self._any
        if name in _BY_JSON:
            return lambda content: self._by_json(name, content)
        if name in _WRAPPERS:
            return lambda value: self.write(name, {"value": value})
        return lambda content: self.write(name, content)

    def _any(self, content: dict[str, Any]) -> bytes:
        url: str = content["@type"]
        rest = {key: value for key, value in content.items() if key != "@type"}
        body = self.write(url.rpartition("/")[2], rest)
        head = url.encode()
        written: bytes = b"\x0a" + varint(len(head)) + head
        return written + b"\x12" + varint(len(body)) + body if body else written

    def _by_json(self, name: str, content: Any) -> bytes:
        message = self._class(name)()
        json_format.ParseDict(content, message, descriptor_pool=self._pool)
        return bytes(message.SerializeToString(deterministic=True))


def _delimited(tag: bytes, value_of: Write) -> Write:
    def write(value: Any) -> bytes:
        body = value_of(value)
        return tag + varint(len(body)) + body

    return write


def _plain(tag: bytes, value_of: Write) -> Write:
    return lambda value: tag + value_of(value)


def _enum(enum: Any) -> Write:
    numbers = {value.name: varint(value.number) for value in enum.values}
    return lambda name: numbers[name]


def _text(value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no string")
    return value.encode()


def _number(bits: int, *, signed: bool) -> Write:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)

    def write(value: Any) -> bytes:
        if bits == 64 and isinstance(value, str) and re.fullmatch("-?[0-9]{1,20}", value):
            value = int(value)  # as ProtoJSON writes them
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{value!r} is no number of {bits} bits")
        return varint(value & (1 << 64) - 1)

    return write


def _unwritten(value: Any) -> bytes:
    raise TypeError(f"a field of this kind is never written: {value!r}")


def _truth(value: Any) -> bytes:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return b"\x01" if value else b"\x00"


# By FieldDescriptor.type: double, float, int64, uint64, int32, bool, string, uint32.
_SCALARS: dict[int, tuple[int, Write]] = {
    1: (_FIXED64, lambda value: struct.pack("<d", value)),
    2: (_FIXED32, lambda value: struct.pack("<f", value)),
    3: (_VARINT, _number(64, signed=True)),
    4: (_VARINT, _number(64, signed=False)),
    5: (_VARINT, _number(32, signed=True)),
    8: (_VARINT, _truth),
    9: (_BYTES, _text),
    13: (_VARINT, _number(32, signed=False)),
}
