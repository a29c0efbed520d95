"""An operation: method and path template of an API, and what a caller needs for it."""

import re
from dataclasses import dataclass, replace

from gatewright.domain.errors import Invalid

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PATH_LENGTH_MAX = 1000
SCOPES_PER_OPERATION_MAX = 50
# Visible ASCII without / { } | < > \\ and quotes: names stand in logs, patterns and documents.
_NAME = r"[!#-&(-.0-;=?-\[\]-z~]{1,64}"
_SEGMENT = re.compile(rf"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{{2}}|\{{{_NAME}\}})+")
_PARAMETER = re.compile(r"\{([^{}/]{1,64})\}")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
LITERAL, MIXED, PARAMETER, REST = range(4)

Alternatives = tuple[frozenset[str], ...]
"""Any one of these sets of scopes suffices, each needed whole (OpenAPI `security`)."""

ANY_TOKEN: Alternatives = (frozenset(),)
"""A valid token of a subscribed application, whatever its scopes."""


@dataclass(frozen=True, slots=True)
class Operation:
    """`anonymous` ones need neither token nor subscription; the others need `alternatives`.

    With `api_key` an API key of a subscribed application is one more alternative, whatever its
    scopes; without it, API keys are taken where `Access.api_keys` says so and their scopes suffice.
    """

    method: str
    path: str
    summary: str = ""
    alternatives: Alternatives = ANY_TOKEN
    anonymous: bool = False
    operation_id: str = ""
    api_key: bool = False

    @property
    def key(self) -> str:
        """How people name it: `GET /books/{id}`."""
        return f"{self.method} {self.path}"

    @property
    def scopes(self) -> frozenset[str]:
        """Every scope that stands in some alternative."""
        return frozenset().union(*self.alternatives)


def path_template(value: str, field: str = "path") -> str:
    """The value if the gateway can serve it: segments of literal characters and `{parameters}`.

    A last segment `*` takes the rest of the path. Raises Invalid naming `field`.
    """
    if not value.startswith("/") or len(value) > PATH_LENGTH_MAX:
        raise Invalid(f"{value[:80]!r} must start with / and stay under 1,000 characters.", field)
    segments = value[1:].split("/")
    for position, segment in enumerate(segments):
        may_be_open = position == len(segments) - 1 and segment in ("", "*")
        if not may_be_open and not _matches_exactly(segment):
            raise Invalid(
                f"segment {segment[:80]!r} of {value[:80]!r} can not be matched exactly.",
                field,
                "Use literal characters and {parameters} in ASCII, or * as the last segment.",
            )
    names = _PARAMETER.findall(value)
    if len(set(names)) != len(names):
        raise Invalid(f"{value[:80]!r} uses one parameter name twice.", field, "Rename one.")
    return value


def _matches_exactly(segment: str) -> bool:
    return bool(_SEGMENT.fullmatch(segment)) and segment not in (".", "..") and "*" not in segment


def segment_class(segment: str) -> int:
    """LITERAL, MIXED (text and parameters), PARAMETER (nothing else) or REST (`*`)."""
    if segment == "*":
        return REST
    if not _PARAMETER.search(segment):
        return LITERAL
    return PARAMETER if _PARAMETER.fullmatch(segment) else MIXED


def match_order(operation_path: str) -> tuple[object, ...]:
    """The sort key of a path template among those of its API: the first that fits a call serves it.

    Literal before mixed before parameter before `*`, segment by segment (OpenAPI 3.1 §4.8.8.2);
    then the one with more literal text, an encoded character being one; names never count.
    """
    segments = operation_path.removeprefix("/").split("/")
    bare = [_PARAMETER.sub("{}", segment) for segment in segments]
    texts = [_ESCAPE.sub("x", segment).replace("{}", "") for segment in bare]
    return (
        tuple(segment_class(segment) for segment in segments),
        tuple(-len(text) for text in texts),
        tuple(bare),
        operation_path,
    )


def parse_key(key: str, field: str = "operation") -> tuple[str, str]:
    """`GET /books` → method and path. Raises Invalid."""
    method, _, path = key.strip().partition(" ")
    if method.upper() not in METHODS or not path.strip():
        raise Invalid(f"{key[:80]!r} is not an operation.", field, 'Write it as "GET /books".')
    return method.upper(), path.strip()


def attach(operation: Operation, scope: str) -> Operation:
    """The operation with `scope` as one more way in: any one of the attached scopes suffices."""
    kept = tuple(item for item in operation.alternatives if item)
    if frozenset({scope}) in kept:
        return operation
    if len(operation.scopes | {scope}) > SCOPES_PER_OPERATION_MAX:
        raise Invalid(f"{operation.key} would have over 50 scopes.", "scope", "Detach one first.")
    return replace(operation, alternatives=(*kept, frozenset({scope})), anonymous=False)


def detach(operation: Operation, scope: str) -> Operation:
    """The operation without `scope`; one left without any asks for a valid token only.

    One that takes API keys and no token stays as it is.
    """
    if operation.api_key and not operation.alternatives:
        return operation
    left = (alternative - {scope} for alternative in operation.alternatives)
    kept = tuple(dict.fromkeys(item for item in left if item))
    return replace(operation, alternatives=kept or ANY_TOKEN)
