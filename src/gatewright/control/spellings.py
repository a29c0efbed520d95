"""Other spellings of a secured path that an anonymous operation lets in; pure.

The gateway matches literally, as OpenAPI does. Many upstreams do not: `/admin/` or `/ADMIN` may be
`/admin` to them, and come in without a token where an anonymous `/*` stands beside.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gatewright.control.findings import Finding
from gatewright.domain.operation import PARAMETER, Operation, match_order, segment_class

COMPARISONS_MAX = 1_000_000
_PARTS = re.compile(r"(\{[^{}/]*\}|\*)")
_TEXT = "0"
"""Stands for a parameter's value: it has no case, and no template of ours begins with it."""


def warnings(operations: Sequence[Operation]) -> list[Finding]:
    """One for each anonymous operation that serves such a spelling; the first one is named.

    At most COMPARISONS_MAX are made: of a very large definition the first part is looked at.
    """
    if not any(item.anonymous and _is_wide(item.path) for item in operations):
        return []
    ordered = sorted(operations, key=lambda item: match_order(item.path))
    by_method: dict[str, list[_Served]] = {}
    for item in ordered:
        served = _Served(item, _head(item.path), re.compile(_pattern(item.path)))
        by_method.setdefault(item.method, []).append(served)
    found: dict[str, Finding] = {}
    left = COMPARISONS_MAX
    for secured in ordered:
        if secured.anonymous or secured.path.endswith("*"):
            continue
        for spelling in _spellings(secured.path):
            left -= len(by_method[secured.method])
            if left < 0:
                return list(found.values())
            operation = _first(by_method[secured.method], spelling)
            if operation is not None and operation.anonymous and _is_wide(operation.path):
                message = (
                    f"Anonymous, and it serves {spelling} too, which an upstream may take for"
                    f" {secured.path}."
                )
                found.setdefault(operation.key, Finding(operation.key, message))
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Served:
    operation: Operation
    head: str | None
    pattern: re.Pattern[str]


def _head(path: str) -> str | None:
    """The first segment if it is literal: a cheap way to tell most pairs apart."""
    head = path.split("/", 2)[1]
    return None if _PARTS.search(head) else head


def _is_wide(path: str) -> bool:
    return any(segment_class(segment) >= PARAMETER or "{" in segment for segment in path.split("/"))


def _pattern(path: str) -> str:
    return "".join(
        ".*" if part == "*" else "[^/]+" if part.startswith("{") else re.escape(part)
        for part in _PARTS.split(path)
    )


def _spellings(path: str) -> Iterator[str]:
    """With the other ending, and with each segment that has letters in the other case."""
    plain = _PARTS.sub(_TEXT, path)
    yield plain.rstrip("/") or "/" if plain.endswith("/") else f"{plain}/"
    segments = plain.split("/")
    for position, segment in enumerate(segments):
        if segment.swapcase() != segment:
            yield "/".join([*segments[:position], segment.swapcase(), *segments[position + 1 :]])


def _first(served: Sequence[_Served], path: str) -> Operation | None:
    head = _head(path)
    for item in served:
        if item.head in (None, head) and item.pattern.fullmatch(path):
            return item.operation
    return None
