"""Answers of the STS as status, headers and bytes; the one place that writes an OAuth error."""

import re
from typing import Any, NamedTuple

import orjson

from gatewright.crypto.signing import INTROSPECTION_TYPE
from gatewright.sts.errors import Refused, UseDpopNonce

Headers = tuple[tuple[str, str], ...]

REALM = "gatewright"
_JSON = ("content-type", "application/json")
_NEVER_STORED = (("cache-control", "no-store"), ("pragma", "no-cache"))
_PRIVATE: Headers = (_JSON, *_NEVER_STORED)
_PUBLIC: Headers = (_JSON, ("cache-control", "public, max-age=300"))
_CHALLENGE = ("www-authenticate", f'Basic realm="{REALM}", charset="UTF-8"')
# RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
_NOT_DESCRIBABLE = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")
_DESCRIPTION_LENGTH_MAX = 500


class Answer(NamedTuple):
    """What goes on the wire. `outcome` is a word for logs and counters: `ok` or the error."""

    status: int
    headers: Headers
    body: bytes
    outcome: str = "ok"


def private(members: dict[str, Any]) -> Answer:
    """200 with JSON that nobody may store: a token, or what is known about one."""
    return Answer(200, _PRIVATE, orjson.dumps(members))


def signed(jwt: bytes) -> Answer:
    """200 with what is known about a token, signed (RFC 9701 §4); nobody may store it."""
    media_type = ("content-type", f"application/{INTROSPECTION_TYPE}")
    return Answer(200, (media_type, *_NEVER_STORED), jwt)


def with_nonce(given: Answer, nonce: str) -> Answer:
    """The answer with a nonce for the client's next proof (RFC 9449 §8.2)."""
    return given._replace(headers=(*given.headers, _nonce(nonce)))


def empty() -> Answer:
    """200 without a body: the answer to a revocation (RFC 7009 §2.2)."""
    return Answer(200, _NEVER_STORED, b"")


def public(document: bytes) -> Answer:
    """200 with JSON that anybody may keep for five minutes: keys and metadata."""
    return Answer(200, _PUBLIC, document)


def refusal(refused: Refused) -> Answer:
    """The error response of RFC 6749 §5.2, with the challenge or the waiting time it needs."""
    headers = _PRIVATE
    if refused.status == 401:
        headers += (_CHALLENGE,)
    if refused.retry_after_seconds is not None:
        headers += (("retry-after", str(refused.retry_after_seconds)),)
    if isinstance(refused, UseDpopNonce):
        headers += (_nonce(refused.nonce),)
    body = {"error": refused.error, "error_description": description(refused)}
    return Answer(refused.status, headers, orjson.dumps(body), refused.error)


def _nonce(nonce: str) -> tuple[str, str]:
    return ("dpop-nonce", nonce)


def description(refused: Refused) -> str:
    """Reason and way out in the characters that an error_description may have."""
    text = refused.reason + (f" {refused.way_out}" if refused.way_out else "")
    return _NOT_DESCRIBABLE.sub("?", text)[:_DESCRIPTION_LENGTH_MAX]
