"""What every assertion must say about its type and its time, whoever signed it."""

from gatewright.crypto import foreign
from gatewright.crypto.foreign import NotValid
from gatewright.sts.presented import ShownAssertion

AHEAD_SECONDS_MAX = 10
"""By how much the other clock may be ahead of ours."""

TYPES = frozenset({"jwt", "client-authentication+jwt"})
"""A token for something else, such as at+jwt or dpop+jwt, never authenticates a client."""


def expiry(shown: ShownAssertion, now: int, lifetime_seconds_max: int) -> int:
    """When it ends, in seconds. Raises NotValid for a wrong type and a wrong or missing time."""
    typ = foreign.header(shown.unverified_jwt).typ
    if typ is not None and typ.lower().removeprefix("application/") not in TYPES:
        raise NotValid("its typ is that of a token for something else.")
    claims = shown.unverified_claims
    ends = foreign.seconds_of(claims, "exp")
    if ends is None:
        raise NotValid("its exp is missing.")
    if ends <= now:
        raise NotValid("it has expired.")
    for name in ("iat", "nbf"):
        begins = foreign.seconds_of(claims, name)
        if begins is not None and begins > now + AHEAD_SECONDS_MAX:
            raise NotValid(f"its {name} is in the future; compare the clocks.")
    issued = foreign.seconds_of(claims, "iat")
    if ends - (now if issued is None else min(issued, now)) > lifetime_seconds_max:
        raise NotValid(f"it lives longer than {lifetime_seconds_max} seconds.")
    return ends
