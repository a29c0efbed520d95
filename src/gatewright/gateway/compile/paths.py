"""Path templates: the order in which they match, the patterns they become, and where they meet.

A template's segments are literal text, text with `{parameters}`, or a last `*` for the rest.
"""

import re

_PARAMETER = re.compile(r"\{[^{}/]+\}")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")
_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")
LITERAL, MIXED, PARAMETER, REST = range(4)


def normal(path: str) -> str:
    """The template as paths arrive after Envoy's normalisation: unreserved characters plain
    (RFC 3986 §6.2.2.2)."""

    def plain(match: re.Match[str]) -> str:
        character = chr(int(match[0][1:], 16))
        return character if _UNRESERVED.fullmatch(character) else match[0]

    return _ESCAPE.sub(plain, path)


def segments(path: str) -> list[str]:
    """`/books/{id}` → `books`, `{id}`."""
    return path[1:].split("/")


def is_literal(path: str) -> bool:
    """Without parameters and without an open end."""
    return all(_class(segment) == LITERAL for segment in segments(path))


def specificity(path: str) -> tuple[tuple[int, ...], int, str]:
    """A sort key: literal before templated, segment by segment (OpenAPI 3.1 §4.8.8.2)."""
    classes = tuple(_class(segment) for segment in segments(path))
    return classes, -len(path), path


def pattern(path: str) -> str:
    """The template as an RE2 pattern; `{x}` is one non-empty segment, `*` is the rest."""
    pieces = []
    for segment in segments(path):
        if segment == "*":
            pieces.append("/.*")
        else:
            texts = [escape(text) for text in _PARAMETER.split(segment)]
            pieces.append("/" + "[^/]+".join(texts))
    return "".join(pieces)


def escape(text: str) -> str:
    """The text with what is special in RE2 escaped."""
    return _SPECIAL.sub(r"\\\1", text)


def one_of(texts: tuple[str, ...]) -> str:
    """A pattern for any of the texts, their common beginning written once."""
    if len(texts) == 1:
        return escape(texts[0])
    shortest = min(texts, key=len)
    if all(text.startswith(shortest) for text in texts) and len(texts) == 2:
        return f"{escape(shortest)}(?:{escape(max(texts, key=len)[len(shortest) :])})?"
    return "(?:" + "|".join(escape(text) for text in texts) + ")"


def overlaps(first: str, second: str) -> bool:
    """Whether some path may match both templates; errs on the side of yes."""
    left, right = segments(first), segments(second)
    for position in range(max(len(left), len(right))):
        one = left[position] if position < len(left) else None
        other = right[position] if position < len(right) else None
        if one == "*" or other == "*":
            return True
        if one is None or other is None:
            return False
        if _class(one) == _class(other) == LITERAL and one != other:
            return False
        if {one, other} & {""} and one != other:
            return False  # a parameter is never empty
    return True


def _class(segment: str) -> int:
    if segment == "*":
        return REST
    if not _PARAMETER.search(segment):
        return LITERAL
    return PARAMETER if _PARAMETER.fullmatch(segment) else MIXED
