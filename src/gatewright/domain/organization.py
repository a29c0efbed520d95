"""An organization: the tenant that everything else belongs to."""

from dataclasses import dataclass
from datetime import datetime

from gatewright.domain.errors import Invalid

SIGNING_ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")
"""What tokens may be signed with (RFC 7518 §3.1, RFC 8037 §3.1); the first is the default."""

TOKEN_TTL_SECONDS_MIN, TOKEN_TTL_SECONDS_MAX = 60, 86_400
"""Lifetimes of access tokens that an organization may allow: a minute to a day."""

KEY_ROTATION_DAYS_MAX = 3_650
KEY_ANNOUNCEMENT_SECONDS_MAX = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Organization:
    """A tenant. `handle` is part of its issuers and scope names, and never changes.

    Token lifetimes (seconds) bound those of its credentials. Signing keys are replaced after
    `key_rotation_days` (0: only by hand), each announced for `key_announcement_seconds` before.
    """

    id: str
    handle: str
    name: str
    signing_algorithm: str
    created_at: datetime
    revision: int = 1
    token_ttl_seconds_min: int = 60
    token_ttl_seconds_max: int = 86_400
    key_rotation_days: int = 90
    key_announcement_seconds: int = 3_600
    registration_enabled: bool = False


def signing_algorithm(value: str) -> str:
    """The value if tokens can be signed with it. Raises Invalid."""
    if value not in SIGNING_ALGORITHMS:
        names = ", ".join(SIGNING_ALGORITHMS)
        raise Invalid(f"{value[:40]!r} is not offered.", "signing_algorithm", f"Use {names}.")
    return value


def key_rotation_days(value: int) -> int:
    """The value if keys may be replaced after so many days; 0 is never. Raises Invalid."""
    return _within(value, KEY_ROTATION_DAYS_MAX, "key_rotation_days", "days, or 0 for never")


def key_announcement_seconds(value: int) -> int:
    """The value if a key may be announced for so long before it signs. Raises Invalid."""
    return _within(value, KEY_ANNOUNCEMENT_SECONDS_MAX, "key_announcement_seconds", "seconds")


def token_ttl_seconds_min(value: int) -> int:
    """The value if credentials may be bound to at least that lifetime. Raises Invalid."""
    return _lifetime(value, "token_ttl_seconds_min")


def token_ttl_seconds_max(value: int) -> int:
    """The value if credentials may be bound to at most that lifetime. Raises Invalid."""
    return _lifetime(value, "token_ttl_seconds_max")


def with_ordered_ttls(organization: Organization) -> Organization:
    """The organization, if the least lifetime is not over the greatest. Raises Invalid."""
    if organization.token_ttl_seconds_min > organization.token_ttl_seconds_max:
        least, most = organization.token_ttl_seconds_min, organization.token_ttl_seconds_max
        reason = f"{least} is over token_ttl_seconds_max, which is {most}."
        raise Invalid(reason, "token_ttl_seconds_min", "Change both at once.")
    return organization


def _lifetime(value: int, field: str) -> int:
    if not TOKEN_TTL_SECONDS_MIN <= value <= TOKEN_TTL_SECONDS_MAX:
        bounds = f"{TOKEN_TTL_SECONDS_MIN} to {TOKEN_TTL_SECONDS_MAX}"
        raise Invalid(f"{value} is out of bounds.", field, f"Use {bounds} seconds.")
    return value


def _within(value: int, most: int, field: str, unit: str) -> int:
    if not 0 <= value <= most:
        raise Invalid(f"{value} is out of bounds.", field, f"Use 0 to {most} {unit}.")
    return value
