"""One reading of a document: typed access with JSON pointers, and what was found on the way.

A warning says what was left out or read otherwise; a refusal says where routing or security would
break. Refusals are collected, so that all of them are told at once.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from gatewright.control.findings import Finding, refuse
from gatewright.control.openapi.text import Located

WARNINGS_MAX = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_CONTROL_IN_TEXT = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document and where it stands."""

    value: Any
    pointer: str
    line: int | None = None

    @property
    def location(self) -> str:
        """The pointer, with the line where it is known."""
        where = self.pointer or "/"
        return f"{where} (line {self.line})" if self.line else where

    def child(self, key: str) -> "Node":
        """What stands under a key; its value is None when there is no such key."""
        mapping = self.value if isinstance(self.value, Located) else Located()
        line = mapping.lines.get(key, self.line)
        return Node(mapping.get(key), f"{self.pointer}/{escape(key)}", line)

    def has(self, key: str) -> bool:
        """Whether it is a mapping with that key."""
        return isinstance(self.value, Located) and key in self.value

    def children(self) -> list[tuple[str, "Node"]]:
        """Keys and what stands under them; empty unless it is a mapping."""
        keys = list(self.value) if isinstance(self.value, Located) else []
        return [(key, self.child(key)) for key in keys]

    def items(self) -> list["Node"]:
        """The items; empty unless it is a list."""
        items = self.value if isinstance(self.value, list) else []
        return [Node(item, f"{self.pointer}/{at}", self.line) for at, item in enumerate(items)]


def escape(key: str) -> str:
    """A key as a token of a JSON pointer (RFC 6901 §3), cut to a legible length."""
    return key[:200].replace("~", "~0").replace("/", "~1")[:200]


@dataclass
class Reading:
    """What was found so far."""

    warnings: list[Finding] = field(default_factory=list)
    refusals: list[Finding] = field(default_factory=list)
    _more: int = 0
    _known: set[Finding] = field(default_factory=set)

    def warn(self, node: Node, message: str) -> None:
        """List a warning; beyond 200 they are counted only."""
        finding = Finding(node.location, message)
        if finding in self._known:
            return
        if len(self.warnings) < WARNINGS_MAX:
            self._known.add(finding)
            self.warnings.append(finding)
        else:
            self._more += 1

    def refuse(self, node: Node, message: str) -> None:
        """List a refusal."""
        if len(self.refusals) < WARNINGS_MAX:
            self.refusals.append(Finding(node.location, message))

    def finish(self) -> tuple[Finding, ...]:
        """The warnings. Raises Refused when anything was refused."""
        refuse(self.refusals, "document", "Correct these places of the document.")
        if self._more:
            self.warnings.append(Finding("/", f"And {self._more} more warnings."))
            self._more = 0
        return tuple(self.warnings)

    def text(self, node: Node, length_max: int, *, lines: bool = False) -> str:
        """Free text, cleaned of control characters and cut; empty, with a warning, if no text."""
        if node.value is None:
            return ""
        if not isinstance(node.value, str):
            self.warn(node, "This is not text and was left out.")
            return ""
        given = node.value[: 4 * length_max].strip()
        clean = _CONTROL_IN_TEXT.sub("", given) if lines else _CONTROL.sub(" ", given)
        if clean != given:
            self.warn(node, "It holds control characters, which were left out.")
        clean = clean.strip()
        if len(clean) > length_max or len(node.value) > 4 * length_max:
            self.warn(node, f"This is longer than {length_max} characters and was cut.")
            clean = clean[:length_max].rstrip()
        return clean

    def mapping(self, node: Node) -> Node:
        """The node if it is a mapping or absent; else an empty one, with a warning."""
        if node.value is not None and not isinstance(node.value, Located):
            self.warn(node, "This is not a mapping and was left out.")
        return node if isinstance(node.value, Located) else Node(Located(), node.pointer, node.line)
