"""DPoP nonces (RFC 9449 §8) that nobody has to store: an HMAC of the time under a derived key.

Every worker of an installation makes and takes the same ones; none outlives five minutes.
"""

import hmac
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gatewright.crypto.jwk import base64url
from gatewright.crypto.keyring import KEY_BYTES, Keyring
from gatewright.domain.world import seconds

SLOT_SECONDS = 150
"""A nonce is made in one slot and taken in it and the next: it lives for 150 to 300 seconds."""

_PURPOSE = b"gatewright sts dpop nonce"
_NONCE_BYTES = 16


class Nonces:
    """The nonces of an installation; no two kinds of secrets share the key they are made with."""

    def __init__(self, keyring: Keyring) -> None:
        self._key = HKDF(SHA256(), KEY_BYTES, None, _PURPOSE).derive(keyring.sealing_key)

    def now(self, now: datetime) -> str:
        """The nonce to use from now on."""
        return self._of(seconds(now) // SLOT_SECONDS)

    def good(self, nonce: str | None, now: datetime) -> bool:
        """Whether it is one of this slot or the one before."""
        slot = seconds(now) // SLOT_SECONDS
        if nonce is None or not nonce.isascii():
            return False
        return any(hmac.compare_digest(nonce, self._of(item)) for item in (slot, slot - 1))

    def _of(self, slot: int) -> str:
        return base64url(hmac.digest(self._key, str(slot).encode(), "sha256")[:_NONCE_BYTES])
