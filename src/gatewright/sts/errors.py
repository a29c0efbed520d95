"""What the STS refuses, one class per OAuth error a client can act on (RFC 6749 §5.2).

Descriptions may quote what a client sent: `answer` cleans them, nothing here holds a secret.
"""

from dataclasses import dataclass

from gatewright.domain.errors import GatewrightError


@dataclass(eq=False)
class Refused(GatewrightError):
    """The root. `error` is the code on the wire, `reason` becomes its description.

    `retry_after_seconds` goes with 429 and 503; 401 always carries a challenge.
    """

    retry_after_seconds: int | None = None
    error = "invalid_request"
    code, status = "invalid-request", 400


class InvalidRequest(Refused):
    """Malformed, repeated or missing parameters; more than one authentication method."""


class InvalidClient(Refused):
    """Not authenticated. Unknown client, wrong and expired secret all read the same."""

    error = "invalid_client"
    code, status = "invalid-client", 401


class InvalidGrant(Refused):
    """The token belongs to another client (RFC 7009 §2.1)."""

    error = "invalid_grant"
    code = "invalid-grant"


class UnauthorizedClient(Refused):
    """Authenticated, and not allowed to: the application is blocked, or the grant is not its."""

    error = "unauthorized_client"
    code = "unauthorized-client"


class UnsupportedGrantType(Refused):
    """No grant of that name."""

    error = "unsupported_grant_type"
    code = "unsupported-grant-type"


class InvalidScope(Refused):
    """A scope that is malformed or can not be granted; the reason names it."""

    error = "invalid_scope"
    code = "invalid-scope"


class InvalidTarget(Refused):
    """A `resource` that is no audience of this issuer (RFC 8707 §2)."""

    error = "invalid_target"
    code = "invalid-target"


class InvalidDpopProof(Refused):
    """A DPoP proof that does not hold, that came before, or that is missing (RFC 9449 §5)."""

    error = "invalid_dpop_proof"
    code = "invalid-dpop-proof"


@dataclass(eq=False)
class UseDpopNonce(Refused):
    """The proof lacks a recent nonce; `nonce` is one for the next try (RFC 9449 §8)."""

    nonce: str = ""
    error = "use_dpop_nonce"
    code = "use-dpop-nonce"


class TooManyFailures(Refused):
    """Too many failed authentications; the request was not looked at."""

    error = "temporarily_unavailable"
    code, status = "too-many-failures", 429


class TooManyRequests(Refused):
    """Too many requests of a client, or malformed ones of an address."""

    error = "temporarily_unavailable"
    code, status = "too-many-requests", 429


class RequestTooSlow(Refused):
    """The body did not come in time; the connection is closed (RFC 9110 §15.5.9)."""

    code, status = "too-slow", 408


class RequestTooLarge(Refused):
    """A body over the bound."""

    code, status = "too-large", 413


class TemporarilyUnavailable(Refused):
    """A part this needs is away; the same request may succeed later."""

    error = "temporarily_unavailable"
    code, status = "unavailable", 503
