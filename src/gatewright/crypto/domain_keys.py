"""Seals the private keys of domain names, under a key of its own that follows from the sealing key.

Who holds it can open these and nothing else: the gateway, which has to give them to Envoy, never
sees the key that signing keys are sealed with.
"""

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gatewright.crypto.keyring import KEY_BYTES, Keyring
from gatewright.domain.errors import Unavailable
from gatewright.domain.world import World

_NONCE_BYTES = 12
_PURPOSE = b"gatewright domain keys 1"


@dataclass(frozen=True, slots=True)
class DomainSealer:
    """AES-256-GCM under `key`, which never prints."""

    key: bytes = field(repr=False)

    @classmethod
    def of(cls, keyring: Keyring) -> "DomainSealer":
        """The one of an installation: HKDF-SHA-256 of its sealing key (RFC 5869)."""
        derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=_PURPOSE).derive(keyring.sealing_key)
        return cls(derived)

    def seal(self, clear: bytes, context: str, world: World) -> bytes:
        """Encrypt and bind to `context`, which `unseal` must name again."""
        nonce = world.random_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, clear, context.encode())

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """The inverse of `seal`. Raises Unavailable when key, context or bytes do not fit."""
        try:
            return AESGCM(self.key).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode()
            )
        except (InvalidTag, ValueError):
            raise Unavailable(
                f"{context} can not be decrypted.", "keys",
                "Give the sealing key that belongs to this database, or the certificate with its"
                " key once more.",
            ) from None  # fmt: skip
