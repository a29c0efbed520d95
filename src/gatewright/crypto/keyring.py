"""The installation's own keys: peppers that hash secrets, and the key that seals private keys.

They are files beside the database and never in it, so that a stolen database is of no use alone.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gatewright.crypto.secrets import SecretText
from gatewright.domain.errors import Unavailable
from gatewright.domain.world import World

KEY_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True)
class Keyring:
    """Peppers by id, the id of the one in use, and the key-encryption key (32 bytes)."""

    peppers: Mapping[str, bytes] = field(repr=False)
    pepper_id: str
    sealing_key: bytes = field(repr=False)
    _begun: dict[bytes, hmac.HMAC] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def digest(self, secret: str, pepper_id: str | None = None) -> str:
        """HMAC-SHA-256 of the secret under a pepper, in hex. An unknown pepper gives a digest
        that equals nothing stored, at the same cost."""
        pepper = self.peppers.get(pepper_id or self.pepper_id, b"unknown pepper")
        text = secret.reveal() if isinstance(secret, SecretText) else secret
        # `hmac.digest` would let other threads in, as the token service can not afford.
        begun = self._begun.get(pepper)
        if begun is None:
            begun = self._begun[pepper] = hmac.new(pepper, digestmod="sha256")
        taken = begun.copy()
        taken.update(text.encode())
        return taken.hexdigest()

    def matches(self, secret: str, digest: str, pepper_id: str) -> bool:
        """Whether `digest` is that of the secret; the comparison takes the same time either way."""
        return hmac.compare_digest(self.digest(secret, pepper_id), digest)

    def seal(self, clear: bytes, context: str, world: World) -> bytes:
        """Encrypt (AES-256-GCM) and bind to `context`, which `unseal` must name again."""
        nonce = world.random_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self.sealing_key).encrypt(nonce, clear, context.encode())

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """The inverse of `seal`. Raises Unavailable when key, context or bytes do not fit."""
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self.sealing_key).decrypt(nonce, body, context.encode())
        except (InvalidTag, ValueError):
            raise Unavailable(
                f"{context} can not be decrypted.",
                "keys",
                "Give the sealing key that belongs to this database: its keys folder,"
                " GATEWRIGHT_SEALING_KEY or GATEWRIGHT_SEALING_KEY_COMMAND. If it is lost for"
                " good: `gatewright keys reseal --discard-lost`, which ends every token.",
            ) from None
