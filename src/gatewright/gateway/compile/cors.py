"""What lets pages in browsers call every API, and read every answer (CORS, Fetch standard §3.3).

Any page may: what opens an API is a token that the page must hold, never what a browser sends by
itself. So no answer allows credentials, and an API is no more open to pages than to programs.
"""

from typing import Any

from gatewright.domain.operation import METHODS

Json = dict[str, Any]
READABLE = (("access-control-allow-origin", "*"), ("access-control-expose-headers", "*"))
"""On every answer, a refusal above all. The same for all pages, so that caches may keep it."""

# The star stands for all headers but `authorization`; older browsers take it for a name.
_HEADERS = ("*", "authorization", "content-type", "accept", "dpop", "api-key", "test-key")
STATUS = 204
ALLOWED = (
    *READABLE,
    ("access-control-allow-methods", ", ".join(METHODS)),
    ("access-control-allow-headers", ", ".join(_HEADERS)),
    ("access-control-max-age", "600"),
)
"""The answer to a page that asks before it calls. What a path does not offer, the call itself
learns, with an answer that the page can read."""


def question() -> Json:
    """A route's match: a browser asks whether a page may call (preflight)."""
    asks = [
        {"name": ":method", "string_match": {"exact": "OPTIONS"}},
        {"name": "origin", "present_match": True},
        {"name": "access-control-request-method", "present_match": True},
    ]
    return {"prefix": "/", "headers": asks}
