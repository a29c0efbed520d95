"""Secrets that people hold: how they are made, recognised and shown. Never how they are stored.

A generated secret reads `gws_<43 characters of 256 random bits>_<6 of checksum>`; a scanner finds
it by the prefix and can tell a real one from a look-alike by the checksum.
"""

import base64
import re
import zlib

from gatewright.domain.world import World

CLIENT_SECRET = "gws"
PERSONAL_ACCESS_TOKEN = "gwp"
SESSION = "gwn"
SIGN_IN_LINK = "gwl"
INITIAL_ACCESS_TOKEN = "gwi"
REGISTRATION_ACCESS_TOKEN = "gwr"
GENERATED = re.compile(r"(gw[a-z])_([A-Za-z0-9_-]{43})_([0-9a-z]{7})")
"""The pattern that secret scanners may use."""

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


class SecretText(str):
    """A secret in clear. It prints redacted; `reveal` gives the text, once, to whoever asked."""

    __slots__ = ()

    def reveal(self) -> str:
        """The text itself."""
        return str.__str__(self)

    def __repr__(self) -> str:
        return "SecretText('…')"

    def __str__(self) -> str:
        return "…"

    def __format__(self, format_spec: str) -> str:
        return "…"


def generate(prefix: str, world: World) -> SecretText:
    """A new secret of 256 random bits with a recognisable prefix and a checksum."""
    body = base64.urlsafe_b64encode(world.random_bytes(32)).rstrip(b"=").decode()
    return SecretText(f"{prefix}_{body}_{_checksum(prefix, body)}")


def looks_generated(text: str) -> bool:
    """Whether the form and the checksum are those of a generated secret."""
    match = GENERATED.fullmatch(text)
    return match is not None and _checksum(match[1], match[2]) == match[3]


def hint(secret: SecretText) -> str:
    """What may be shown later, to tell secrets apart: `gws_Ab3…x7q2`."""
    text = secret.reveal()
    return f"{text[:7]}…{text[-4:]}"


def _checksum(prefix: str, body: str) -> str:
    number = zlib.crc32(f"{prefix}_{body}".encode())
    return "".join(_BASE36[number // 36**place % 36] for place in range(6, -1, -1))
