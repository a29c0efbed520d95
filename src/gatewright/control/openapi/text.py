"""From text to plain objects within bounds: JSON, or YAML read event by event.

Numbers stay text, as nothing here counts with them and `1.10` must not become `1.1`. Mappings know
the lines of their keys. Repeated keys are reported; aliases are followed within a bound, and plain
`<<` keys merge (YAML 1.1, tag:yaml.org,2002:merge).
"""

import json
from typing import Any

import yaml

from gatewright.control.findings import Finding, Refused
from gatewright.domain.errors import TooLarge

BYTES_MAX = 5 * 1024 * 1024
DEPTH_MAX = 100
NODES_MAX = 500_000
"""Values in a document, counting what stands behind an alias each time it is used."""

_EVENTS: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_WAY_OUT = "Pass an OpenAPI document in JSON or YAML."


class Located(dict[str, Any]):
    """A mapping with the lines of its keys, where known, and the keys that stood there twice."""

    __slots__ = ("lines", "repeated", "size")

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}
        self.repeated: list[str] = []
        self.size = 1

    def put(self, key: str, value: Any, line: int | None = None) -> None:
        """Set a key; the last of several counts, as JSON parsers do."""
        if key in self:
            self.repeated.append(key)
        self[key] = value
        if line is not None:
            self.lines[key] = line

    def merge(self, other: "Located") -> None:
        """Take over the keys that are not there yet, with what is known of them."""
        for key in [key for key in other if key not in self]:
            self[key] = other[key]
            if key in other.lines:
                self.lines[key] = other.lines[key]
            if key in other.repeated:
                self.repeated.append(key)


def broken(message: str, location: str = "") -> Refused:
    """The error of a document that can not be read at all."""
    where = location or "/"
    reason = f"{location}: {message}" if location else message
    return Refused(reason, "document", _WAY_OUT, (Finding(where, message),))


def load(text: str) -> Located:
    """The document's root mapping. Raises Refused or TooLarge; never anything else."""
    if len(text) > BYTES_MAX or len(text.encode("utf-8", "replace")) > BYTES_MAX:
        raise TooLarge("holds over 5 MiB.", "document", "Import a smaller document.")
    if text.isascii() is False and any("\ud800" <= char <= "\udfff" for char in text):
        raise broken("It is not valid Unicode.")
    root = _json(text) if text.lstrip("\ufeff \t\r\n").startswith("{") else None
    if root is None:
        root = _yaml(text)
    if not isinstance(root, Located):
        raise broken("It is not a mapping.")
    return root


def _json(text: str) -> Any:
    """The JSON value, or None when it is no JSON: YAML may start with a brace, too."""
    try:
        root = json.loads(
            text.lstrip("\ufeff"),
            object_pairs_hook=_mapping,
            parse_int=str,
            parse_float=str,
            parse_constant=str,
        )
    except RecursionError:
        raise broken(f"It is nested over {DEPTH_MAX} deep.") from None
    except ValueError:
        return None
    _check_tree(root)
    return root


def _mapping(pairs: list[tuple[str, Any]]) -> Located:
    mapping = Located()
    for key, value in pairs:
        mapping.put(key, value)
    return mapping


def _check_tree(root: Any) -> None:
    level, depth, count = [root], 0, 0
    while level:
        depth, count = depth + 1, count + len(level)
        if depth > DEPTH_MAX or count > NODES_MAX:
            raise broken(f"It is nested over {DEPTH_MAX} deep, or holds too many values.")
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += item.keys()
                below += item.values()
            elif isinstance(item, list):
                below += item
            elif isinstance(item, str) and not item.isascii():
                _check_unicode(item)
        level = below


def _check_unicode(text: str) -> None:
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise broken("It holds half a surrogate pair.")


def _yaml(text: str) -> Any:
    composer = _Composer()
    try:
        for event in yaml.parse(text, Loader=_EVENTS):
            composer.take(event)
            if composer.documents:
                break
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}" if mark else ""
        raise broken(f"It is not valid YAML: {error.problem}.", where) from None
    except (yaml.YAMLError, ValueError):
        raise broken("It is neither valid JSON nor valid YAML.") from None
    return composer.root


class _Frame:
    """A collection that is being read. `size` counts it with all that stands in it."""

    __slots__ = ("anchor", "is_merge", "key", "key_line", "merged", "size", "value")

    def __init__(self, value: Any, anchor: str | None) -> None:
        self.value, self.anchor, self.size = value, anchor, 1
        self.key: str | None = None
        self.key_line = 0
        self.is_merge = False
        self.merged: list[Located] | None = None


class _Composer:
    """Builds objects out of events with a stack of its own, so that depth costs no recursion."""

    def __init__(self) -> None:
        self.root: Any = None
        self.documents = 0
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}

    def take(self, event: Any) -> None:
        """One event. Raises Refused beyond the bounds."""
        if isinstance(event, yaml.ScalarEvent):
            self._put(_scalar(event), 1, event)
            if event.anchor:
                self._anchors[event.anchor] = (_scalar(event), 1)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close(event)
        elif isinstance(event, yaml.DocumentEndEvent):
            self.documents += 1

    def _open(self, event: Any) -> None:
        if len(self._stack) >= DEPTH_MAX:
            raise broken(f"It is nested over {DEPTH_MAX} deep.", _line(event))
        if self._stack and self._expects_key():
            raise broken("A key must be text.", _line(event))
        value: Any = Located() if isinstance(event, yaml.MappingStartEvent) else []
        if event.anchor:
            self._anchors.pop(event.anchor, None)
        self._stack.append(_Frame(value, event.anchor))

    def _close(self, event: Any) -> None:
        frame = self._stack.pop()
        for other in frame.merged or ():  # own keys count first, wherever they stand
            frame.value.merge(other)
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.value, frame.size)
        self._put(frame.value, frame.size, event)

    def _alias(self, event: Any) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            raise broken("An alias names nothing that stands before it.", _line(event))
        self._put(known[0], known[1], event)

    def _expects_key(self) -> bool:
        frame = self._stack[-1]
        return isinstance(frame.value, Located) and frame.key is None

    def _put(self, value: Any, size: int, event: Any) -> None:
        if not self._stack:
            self.root = value
            return
        frame = self._stack[-1]
        frame.size += size
        if frame.size > NODES_MAX:
            raise broken("Its aliases expand to too many values.", _line(event))
        if not isinstance(frame.value, Located):
            frame.value.append(value)
        elif frame.key is None:
            frame.key = _key(value, event)
            frame.key_line = event.start_mark.line + 1
            frame.is_merge = _is_merge(event)
        elif frame.is_merge:
            _merge(frame, value)
            frame.key = None
        else:
            frame.value.put(frame.key, value, frame.key_line)
            frame.key = None


def _is_merge(event: Any) -> bool:
    plain = isinstance(event, yaml.ScalarEvent) and bool(event.implicit[0])
    return plain and str(event.value) == "<<"


def _merge(frame: _Frame, value: Any) -> None:
    """Note what `<<` brings in; the first of a list counts before the others."""
    where = f"line {frame.key_line}"
    if frame.merged is not None:
        raise broken("`<<` stands twice in one mapping.", where)
    others = value if isinstance(value, list) else [value]
    if not all(isinstance(item, Located) for item in others):
        raise broken("`<<` takes a mapping, or a list of them.", where)
    frame.merged = others


def _line(event: Any) -> str:
    return f"line {event.start_mark.line + 1}"


def _key(value: Any, event: Any) -> str:
    if isinstance(value, Located | list):
        raise broken("A key must be text.", _line(event))
    if isinstance(event, yaml.ScalarEvent):
        return str(event.value)
    return str(value)


def _scalar(event: Any) -> Any:
    value = str(event.value)
    if not event.implicit[0]:  # quoted, or with a tag, which is not obeyed
        return value
    if value in _NULLS:
        return None
    return _BOOLEANS.get(value, value)
