"""The header in which callers of an API send their token: which names it may have."""

import re

from gatewright.domain.api_key import API_KEY_HEADER, TEST_KEY_HEADER
from gatewright.domain.errors import Invalid

LENGTH_MAX = 64
# Fewer than RFC 9110 §5.1 allows: what every proxy passes on, which underscores and dots are not.
_NAME = re.compile(rf"[a-z][a-z0-9-]{{0,{LENGTH_MAX - 1}}}")
_ENDS = re.compile(r".*[a-z0-9]")

REFUSED = frozenset({
    API_KEY_HEADER, TEST_KEY_HEADER, "accept", "accept-charset", "accept-encoding",
    "accept-language", "cache-control", "client-cert", "client-cert-chain", "connection",
    "content-encoding", "content-language", "content-length", "content-location",
    "content-range", "content-type", "cookie", "date", "dpop", "early-data", "expect",
    "forwarded", "from", "host", "http2-settings", "keep-alive", "max-forwards", "origin",
    "pragma", "priority", "range", "referer", "retry-after", "set-cookie", "te", "traceparent",
    "tracestate", "trailer", "transfer-encoding", "upgrade", "user-agent", "via", "warning",
    "x-forwarded", "x-http-method", "x-http-method-override", "x-method-override",
    "x-original-url", "x-real-ip", "x-request-id", "x-rewrite-url",
})  # fmt: skip
"""Names that mean something to HTTP, to proxies or to the gateway itself."""

REFUSED_BEGINNINGS = (
    "access-control-", "grpc-", "if-", "proxy-", "sec-", "x-b3-", "x-envoy-", "x-forwarded-",
    "x-gw-", "x-ratelimit-",
)  # fmt: skip


def token_header(value: str, field: str = "token_header") -> str:
    """The name in lower case, if a token may stand under it. Raises Invalid naming `field`."""
    name = value.strip().lower()
    if not _NAME.fullmatch(name) or not _ENDS.fullmatch(name):
        raise Invalid(
            f"{value[:80]!r} is not a header name.",
            field,
            f"Use up to {LENGTH_MAX} letters, digits and inner hyphens, such as x-access-token.",
        )
    if name in REFUSED or name.startswith(REFUSED_BEGINNINGS):
        raise Invalid(
            f"{name} has a meaning of its own, so that no token can stand there.",
            field,
            "Choose another name, such as x-access-token, or authorization.",
        )
    return name
