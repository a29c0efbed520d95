"""Reads one request off a WSGI environment, within bounds; it knows no endpoint and no client."""

from typing import Any

from gatewright.interfaces.oauth.hop import CHAIN
from gatewright.sts.errors import InvalidRequest, RequestTooLarge
from gatewright.sts.request import BODY_BYTES_MAX, Request

Environ = dict[str, Any]
"""PEP 3333. `wsgi.input` ends with the body, as granian promises by `wsgi.input_terminated`."""

CONNECTION = "gatewright.connection"
"""Where the server leaves a readers.Connection, to answer those who send too slowly."""


def read(environ: Environ, *, with_body: bool) -> Request:
    """The request; blocks while its body comes in. Raises RequestTooLarge or InvalidRequest."""
    _check_host(environ)
    if not with_body:
        return Request(b"")
    given = environ.get
    chain = given(CHAIN, ())
    return Request(
        _body(environ),
        given("CONTENT_TYPE", "").encode("latin-1"),
        _repeated(given("HTTP_AUTHORIZATION")),
        given("QUERY_STRING", "").encode("latin-1"),
        given("REMOTE_ADDR", ""),
        _repeated(given("HTTP_DPOP")),
        chain[0] if chain else None,
        given("HTTP_ACCEPT", "").encode("latin-1"),
        chain[1:],
    )


def _repeated(header: str | None) -> tuple[bytes, ...]:
    """Each header of that name: the server joins them by a comma, which neither Basic credentials
    nor a proof can hold."""
    return () if header is None else tuple(header.encode("latin-1").split(b","))


def _body(environ: Environ) -> bytes:
    declared = environ.get("CONTENT_LENGTH")
    if not declared:  # chunks, or nothing; a byte more than the bound is refused where it is parsed
        return bytes(environ["wsgi.input"].read(BODY_BYTES_MAX + 1))
    length = int(declared)
    if length > BODY_BYTES_MAX:
        raise RequestTooLarge(f"the body is over {BODY_BYTES_MAX} bytes.")
    body = bytes(environ["wsgi.input"].read(length))
    if len(body) < length:
        raise InvalidRequest("the body ended early.")
    return body


def _check_host(environ: Environ) -> None:
    """There must be one Host from HTTP/1.1 on (RFC 9112 §3.2)."""
    host = environ.get("HTTP_HOST", "")
    if "," in host or (not host and environ["SERVER_PROTOCOL"] == "HTTP/1.1"):
        raise InvalidRequest("there must be one Host header.")
