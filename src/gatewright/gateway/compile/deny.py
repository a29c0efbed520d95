"""Deny lists as bytes: built from the ids directly, as a long list takes seconds otherwise.

An entry's bytes follow from its id alone; the rest of a message is compiled once from JSON.
"""

from collections.abc import Callable, Iterable
from typing import Any

from gatewright.gateway.policies import revoked
from gatewright.gateway.xds import names, shapes
from gatewright.gateway.xds.wire import varint

REFUSAL = "revoked"
SUBJECTS = revoked.SUBJECTS_SHARD
SHARDS = (*dict.fromkeys(revoked.SHARDS_BY_START.values()), SUBJECTS)

Json = dict[str, Any]
Pack = Callable[[Json], bytes]


def shard_of(id: str) -> str:
    """The shard that an id belongs to. A subject key has a dot, and a jti never has."""
    return SUBJECTS if "." in id else revoked.SHARDS_BY_START.get(id[:1], revoked.SHARD_OF_THE_REST)


def shard_name(deny_list: str, shard: str) -> str:
    """The resource of one shard of the older ids."""
    return revoked.shard_name(deny_list, shard)


def recent(deny_list: str, ids: Iterable[str], pack: Pack) -> bytes:
    """The newest revocations, tokens and subjects; an empty list is skipped unread."""
    return _list(revoked.RECENT.resource(deny_list), ids, pack)


def shard(name: str, ids: Iterable[str], pack: Pack) -> bytes:
    """One shard. That of tokens is an RBAC filter by itself, which loads in half the time."""
    return _list(name, ids, pack) if name.endswith(f"/{SUBJECTS}") else _bare(name, ids, pack)


def settled(deny_list: str, pack: Pack, *, used: bool) -> bytes:
    """The filter that asks the one shard where a call's jti would be; unused, it is skipped."""
    config = revoked.by_shard(deny_list) if used else revoked.by_shard(None)
    name = revoked.SETTLED.resource(deny_list)
    return pack({"@type": names.EXTENSION, "name": name, "typed_config": config})


def _bare(name: str, ids: Iterable[str], pack: Pack) -> bytes:
    wanted = list(ids)
    config = pack({"@type": shapes.RBAC})
    matcher = _field(3, pack({"@type": _ON_MATCH, **_rbac("ALLOW")}))  # on_no_match
    if wanted:
        tree = _tree(shapes.HEADER_JTI, wanted, _hit(_rbac("DENY"), pack), pack)
        matcher = _field(2, tree) + matcher
    return _resource(name, shapes.RBAC, config + _field(4, matcher))


def _list(name: str, ids: Iterable[str], pack: Pack) -> bytes:
    """Nested matchers from the inside out: who has none of the ids is skipped."""
    subjects, tokens = list[str](), list[str]()
    for id in ids:
        (subjects if shard_of(id) == SUBJECTS else tokens).append(id)
    hit, miss = _hit(shapes.RUN, pack), pack({"@type": _ON_MATCH, **shapes.SKIP})
    matcher = b""
    wanted = [(header, subjects) for header in shapes.SUBJECT_HEADERS]
    for header, keys in (*wanted, (shapes.HEADER_JTI, tokens)):
        if keys:
            matcher = _field(2, _tree(header, keys, hit, pack)) + _field(3, miss)
            miss = _field(1, matcher)  # in the next one's on_no_match
    config = pack(shapes.refuse(REFUSAL)) + (_field(3, matcher) if matcher else b"")
    return _resource(name, shapes.MATCHED_FILTER, config)


def _tree(header: str, ids: list[str], hit: bytes, pack: Pack) -> bytes:
    entries = b"".join([_entry(id.encode(), hit) for id in ids])
    read = pack({"@type": _INPUT, **shapes.header(header)})
    return _field(1, read) + _field(2, entries)  # input, exact_match_map


def _hit(action: Json, pack: Pack) -> bytes:
    return _field(2, pack({"@type": _ON_MATCH, **action}))  # value of a map entry


def _resource(name: str, type_url: str, config: bytes) -> bytes:
    typed = _field(1, type_url.encode()) + _field(2, config)
    return _field(1, name.encode()) + _field(2, typed)


def _rbac(verdict: str) -> Json:
    action = {"@type": _RBAC_ACTION, "name": REFUSAL, "action": verdict}
    return {"action": {"name": "rbac", "typed_config": action}}


_ON_MATCH = names.TYPE + "xds.type.matcher.v3.Matcher.OnMatch"
_INPUT = names.TYPE + "xds.core.v3.TypedExtensionConfig"
_RBAC_ACTION = names.CONFIG + "rbac.v3.Action"


def _entry(id: bytes, tail: bytes) -> bytes:
    key = b"\x0a" + varint(len(id)) + id + tail
    return b"\x0a" + varint(len(key)) + key


def _field(number: int, content: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + varint(len(content)) + content
