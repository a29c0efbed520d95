"""Deny lists as bytes: built from the ids directly, as a long list takes seconds otherwise.

An entry's bytes follow from its id alone; the rest of the message is compiled once from JSON.
"""

from collections.abc import Callable, Iterable
from typing import Any

from gatewright.gateway.policies import revoked
from gatewright.gateway.xds import names, shapes
from gatewright.gateway.xds.wire import varint

REFUSAL = "revoked"
Pack = Callable[[dict[str, Any]], bytes]


def recent_name(deny_list: str) -> str:
    """The resource of the newest revocations."""
    return revoked.RECENT.resource(deny_list)


def settled_name(deny_list: str) -> str:
    """The resource of the older ones."""
    return revoked.SETTLED.resource(deny_list)


def deny_list(name: str, ids: Iterable[str], pack: Pack) -> bytes:
    """The bytes of the TypedExtensionConfig that refuses these ids, in their order.

    An empty list has no matcher: its filter is skipped before anything is read.
    """
    wanted = [id.encode() for id in ids]
    if not wanted:
        return pack(_resource(name, None))
    return _spliced(name, wanted, pack)


def _resource(name: str, matcher: dict[str, Any] | None) -> dict[str, Any]:
    config = shapes.refuse(REFUSAL, matcher)
    return {"@type": names.EXTENSION, "name": name, "typed_config": config}


def _spliced(name: str, ids: list[bytes], pack: Pack) -> bytes:
    """Nested messages from the inside out: map, tree, matcher, filter, Any, resource."""
    hit = pack({"@type": _ON_MATCH, **shapes.RUN})
    tail = _field(2, hit)  # value of a map entry
    entries = b"".join(_entry(id, tail) for id in ids)
    tree = _field(1, pack({"@type": _INPUT, **shapes.header(shapes.HEADER_JTI)}))
    tree += _field(2, entries)  # exact_match_map
    miss = _field(3, pack({"@type": _ON_MATCH, **shapes.SKIP}))  # on_no_match
    matcher = _field(2, tree) + miss
    empty = shapes.refuse(REFUSAL)
    config = pack(empty) + _field(3, matcher)  # xds_matcher
    typed = _field(1, shapes.MATCHED_FILTER.encode()) + _field(2, config)
    return _field(1, name.encode()) + _field(2, typed)


_ON_MATCH = names.TYPE + "xds.type.matcher.v3.Matcher.OnMatch"
_INPUT = names.TYPE + "xds.core.v3.TypedExtensionConfig"


def _entry(id: bytes, tail: bytes) -> bytes:
    key = b"\x0a" + varint(len(id)) + id + tail
    return b"\x0a" + varint(len(key)) + key


def _field(number: int, content: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + varint(len(content)) + content
