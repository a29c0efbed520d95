"""Identifiers: a prefix that says what it is, then 26 characters that sort by time of creation.

The form is that of a ULID: 48 bits of milliseconds, 80 random bits, Crockford base 32, lower case.
"""

import re

from gatewright.domain.errors import Invalid
from gatewright.domain.world import World, microseconds

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_HANDLE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
HANDLE_LENGTH_MAX = 63


def new_id(prefix: str, world: World) -> str:
    """A new identifier such as `api_01j9…`; unpredictable in 80 of its bits."""
    number = (microseconds(world.now()) // 1000) << 80 | int.from_bytes(world.random_bytes(10))
    return f"{prefix}_" + "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def handle(value: str, field: str) -> str:
    """The value if it is a handle: lower case letters, digits and inner hyphens, 1 to 63 long.

    Raises Invalid naming `field`.
    """
    if not _HANDLE.fullmatch(value):
        raise Invalid(
            f"{value[:80]!r} is not a handle.",
            field,
            "Use 1 to 63 lower case letters, digits and inner hyphens, such as reading-list.",
        )
    return value


def slug(text: str, fallback: str) -> str:
    """A handle made from free text, for example `Reading List!` → `reading-list`."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower())[:HANDLE_LENGTH_MAX].strip("-")
    return words or fallback
