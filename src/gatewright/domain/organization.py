"""An organization: the tenant that everything else belongs to."""

from dataclasses import dataclass
from datetime import datetime

from gatewright.domain.errors import Invalid

SIGNING_ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")
"""What tokens may be signed with (RFC 7518 §3.1, RFC 8037 §3.1); the first is the default."""


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
