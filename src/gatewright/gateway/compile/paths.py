"""Path templates: the patterns they become, in every spelling of a call, and where they meet.

A template's segments are literal text, text with `{parameters}`, or a last `*` for the rest.
"""

import re

from gatewright.domain.operation import LITERAL, PARAMETER, REST, segment_class

_PARAMETER = re.compile(r"\{[^{}/]+\}")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_UNIT = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")
_ALIKE = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@]")
_NEVER_PLAIN = "/?#%\\"
_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")
# One character of a parameter, neither dot nor semicolon, plain or encoded. Envoy decodes dots but
# leaves `..;x` in a path, which servers that know path parameters resolve as `..`.
_CHARACTER = r"[^/.;%]|%(?:[014-9A-Fa-f]|2[0-9A-DFa-df]|3[0-9AC-Fac-f])"
_TEXT = rf"(?:{_CHARACTER}|\.)+"
_SEGMENT = rf"(?:\.*(?:{_CHARACTER}))+\.*"
_EXTRAS = r"(?:(?:;|%3[Bb])[^/]*)?"


def normal(path: str) -> str:
    """The template as paths arrive after Envoy's normalisation: unreserved characters plain
    (RFC 3986 §6.2.2.2)."""
    return _decoded(path, _UNRESERVED)


def canonical(path: str) -> str:
    """One text for all templates that match the same calls: without names, in one spelling."""
    return _decoded(_PARAMETER.sub("{}", path), _ALIKE)


def _decoded(path: str, these: re.Pattern[str]) -> str:
    def plain(match: re.Match[str]) -> str:
        character = chr(int(match[0][1:], 16))
        return character if these.fullmatch(character) else match[0]

    decoded = _ESCAPE.sub(plain, path)
    return _ESCAPE.sub(lambda match: match[0].upper(), decoded) if these is _ALIKE else decoded


def segments(path: str) -> list[str]:
    """`/books/{id}` → `books`, `{id}`."""
    return path[1:].split("/")


def is_literal(path: str) -> bool:
    """Without parameters and without an open end."""
    return all(segment_class(segment) == LITERAL for segment in segments(path))


def has_spellings(path: str) -> bool:
    """Whether a literal path can arrive in more than one spelling."""
    return spelled(path) != escape(path)


def pattern(path: str, *, extras: bool = False) -> str:
    """What the template serves, as an RE2 pattern: `{x}` is one segment, `*` is the rest.

    No segment is empty or of dots only before a `;`. With `extras`, a parameter that ends its
    segment may hold `;`; without, none may: `new;x` must not pass for a `{id}` beside `new`.
    """
    return "".join(_serving(segment, extras) for segment in segments(path))


def rough(path: str) -> str:
    """A short pattern for all that the template serves, and for little else: good where nothing
    comes after it and nothing is served by it, as patterns are what routes weigh most by."""
    return "".join(_roughly(segment) for segment in segments(normal(path))) or "/?"


def _roughly(segment: str) -> str:
    if segment == "*":
        return "(?:/.*)?"
    if not segment:
        return "/?"
    return "/" + "[^/]+".join(spelled(text) for text in _PARAMETER.split(segment))


def _serving(segment: str, extras: bool) -> str:  # noqa: FBT001
    kind = segment_class(segment)
    whole = _SEGMENT + (_EXTRAS if extras else "")
    if kind == REST:
        return f"/(?:{whole}(?:/{whole})*/?)?"
    if kind == PARAMETER:
        return "/" + whole
    texts = _PARAMETER.split(segment)
    *first, last = [spelled(text) for text in texts]
    if not first:
        return "/" + last
    ends_open = extras and not last and _UNRESERVED.match(texts[0].lstrip("."))
    end = "[^/]+" if ends_open else _TEXT
    return "/" + _TEXT.join(first) + end + last


def spelled(text: str) -> str:
    """A pattern for the text in every spelling that Envoy passes on: reserved characters may be
    encoded, hex digits be of either case (RFC 3986 §2.1)."""
    return "".join(_spellings(unit) for unit in _UNIT.findall(text))


def _spellings(unit: str) -> str:
    code = int(unit[1:], 16) if len(unit) > 1 else ord(unit)
    plain = chr(code)
    if _UNRESERVED.fullmatch(plain) or unit == "/":
        return escape(plain)
    digits = "".join(
        f"[{digit}{digit.lower()}]" if digit.isalpha() else digit for digit in f"{code:02X}"
    )
    may_be_plain = 0x20 < code < 0x7F and plain not in _NEVER_PLAIN
    return f"(?:{escape(plain)}|%{digits})" if may_be_plain else f"%{digits}"


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
    """Whether some path may match both canonical templates; errs on the side of yes."""
    ends_early = not first.endswith("/*") and not second.endswith("/*")
    if ends_early and first.count("/") != second.count("/"):
        return False
    left, right = segments(first), segments(second)
    for one, other in zip(left, right, strict=False):
        if one == "*" or other == "*":
            return True
        if one != other and (("{" not in one and "{" not in other) or not one or not other):
            return False  # a parameter is never empty
    return len(left) == len(right)
