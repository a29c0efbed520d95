"""A client's request: its bounds, its form body, and the parameters in it. Nothing is believed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from gatewright.sts.errors import InvalidRequest, RequestTooLarge

BODY_BYTES_MAX = 16_384
AUTHORIZATION_BYTES_MAX = 4096
PARAMETERS_MAX = 64
REPEATABLE = frozenset({"resource", "audience"})
"""RFC 8707 §2 and RFC 8693 §2.1 let these, and only these, appear more than once."""

KNOWN = frozenset({
    "grant_type", "scope", "resource", "client_id", "client_secret", "client_assertion",
    "client_assertion_type", "token", "token_type_hint", "assertion", "audience", "subject_token",
    "subject_token_type", "actor_token", "actor_token_type", "requested_token_type",
})  # fmt: skip
"""What is read; everything else is ignored (RFC 6749 §3.2), so that its value may be anything."""

FORMS_KEPT_MAX = 1024
FORM_KEPT_BYTES_MAX = 1024
_NO_SECRETS = frozenset({"grant_type", "scope", "resource"})
_FORM = "application/x-www-form-urlencoded"
_FORM_BYTES = _FORM.encode()
_CONTENT_TYPE = re.compile(
    rf'{re.escape(_FORM)}[ \t]*(?:;[ \t]*charset="?utf-?8"?[ \t]*)?', re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class Request(NamedTuple):
    """One POST as it came. `address` is the peer's, for limits; the secrets never print.

    `dpop` are the DPoP headers, `certificate` is the TLS client's (DER) as a trusted hop saw it,
    `chain` what the client sent beside it, `accept` what kind of answer is wanted.
    """

    body: bytes
    content_type: bytes = _FORM.encode()
    authorization: tuple[bytes, ...] = ()
    query: bytes = b""
    address: str = ""
    dpop: tuple[bytes, ...] = ()
    certificate: bytes | None = None
    accept: bytes = b""
    chain: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"Request(address={self.address!r})"


@dataclass(frozen=True, slots=True)
class Form:
    """The parameters with a value, each once; `resources` and `audiences` may repeat."""

    values: Mapping[str, str] = field(repr=False)
    resources: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        """The value, or None when it was left out or empty."""
        return self.values.get(name)

    def need(self, name: str) -> str:
        """The value. Raises InvalidRequest naming the parameter that is missing."""
        value = self.values.get(name)
        if value is None:
            raise InvalidRequest(f"{name} is missing.", name)
        return value


def parse(request: Request) -> Form:
    """The form of a request. Raises InvalidRequest or RequestTooLarge, naming what is wrong."""
    if len(request.body) > BODY_BYTES_MAX:
        raise RequestTooLarge(f"the body is over {BODY_BYTES_MAX} bytes.")
    if request.content_type != _FORM_BYTES:
        _check_content_type(request.content_type)
    if request.query:
        _check_query(request.query)
    values: dict[str, str] = {}
    several: dict[str, list[str]] = {"resource": [], "audience": []}
    seen: set[str] = set()
    for name, value in _pairs(request.body):
        if name in seen and name not in REPEATABLE:
            shown = name if name in KNOWN else "a parameter"
            raise InvalidRequest(f"{shown} is repeated.", name)
        seen.add(name)
        if not value or name not in KNOWN:
            continue  # RFC 6749 §3.2: without a value it counts as omitted, unknown as absent.
        if _CONTROL.search(value):
            raise InvalidRequest(f"{name} holds a control character.", name)
        if name in several:
            several[name].append(value)
        else:
            values[name] = value
    return Form(values, tuple(several["resource"]), tuple(several["audience"]))


class Forms:
    """Forms by their bodies: most clients send the same one again and again.

    Only of parameters that are no secret, so that none is kept; at most FORMS_KEPT_MAX.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, bytes, bytes], Form] = {}

    def parse(self, request: Request) -> Form:
        """As `parse`."""
        key = (request.body, request.content_type, request.query)
        known = self._known.get(key)
        if known is not None:
            return known
        form = parse(request)
        names = form.values.keys() | ({"resource"} if form.resources else set())
        if names <= _NO_SECRETS and not form.audiences and _is_all_there_is(request, form):
            if len(self._known) >= FORMS_KEPT_MAX:
                self._known.clear()
            self._known[key] = form
        return form


def _is_all_there_is(request: Request, form: Form) -> bool:
    """Whether nothing was left out, as unknown parameters are: they may hold anything."""
    parameters = request.body.count(b"&") + 1
    is_small = len(request.body) + len(request.content_type) <= FORM_KEPT_BYTES_MAX
    return is_small and not request.query and parameters == len(form.values) + len(form.resources)


def _pairs(body: bytes) -> list[tuple[str, str]]:
    if body.count(b"&") >= PARAMETERS_MAX:
        raise InvalidRequest(f"there are over {PARAMETERS_MAX} parameters.")
    try:
        if b"%" not in body and b"+" not in body:  # as nearly always: nothing is escaped
            plain = (part.partition("=") for part in body.decode().split("&") if part)
            return [(name, value) for name, _, value in plain]
        pairs = (part.partition(b"=") for part in body.split(b"&") if part)
        return [(decoded(name), decoded(value)) for name, _, value in pairs]
    except UnicodeDecodeError:
        raise InvalidRequest("the body is not UTF-8.") from None


def decoded(text: bytes) -> str:
    """Form-decoded text (`+` is a space). Raises UnicodeDecodeError, or InvalidRequest for a `%`
    that escapes nothing."""
    if b"%" not in text and b"+" not in text:
        return text.decode()
    if b"+" in text:
        text = text.replace(b"+", b" ")
    if b"%" in text:
        if _BAD_ESCAPE.search(text):
            raise InvalidRequest("a % in the body is not followed by two hexadecimal digits.")
        text = unquote_to_bytes(text)
    return text.decode()


def _check_content_type(value: bytes) -> None:
    if not _CONTENT_TYPE.fullmatch(value.decode("latin-1").strip()):
        raise InvalidRequest(f"the content type must be {_FORM}.", "content-type")


def _check_query(query: bytes) -> None:
    """Parameters do not belong in the URI, where logs keep them (RFC 6749 §2.3.1)."""
    names = {part.partition(b"=")[0].decode("latin-1") for part in query.split(b"&")}
    for name in sorted(names & KNOWN):
        raise InvalidRequest(f"{name} belongs into the body, not into the URL.", name)
