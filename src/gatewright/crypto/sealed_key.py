"""Key pairs whose private half is kept encrypted, bound to the name of what it is for."""

from dataclasses import dataclass

from gatewright.crypto import jwk
from gatewright.crypto.keyring import Keyring
from gatewright.crypto.signing import RawSigner, raw_signer
from gatewright.domain.world import World


@dataclass(frozen=True, slots=True)
class SealedKey:
    """The public JWK (JSON text with `alg`, `use` and `kid`), and the private half encrypted."""

    public_jwk: str
    sealed_private_key: bytes


def make(keyring: Keyring, world: World, algorithm: str, kid: str, context: str) -> SealedKey:
    """A new key pair, sealed for `context`. Raises Invalid for an algorithm that is none."""
    key = jwk.generate(algorithm)
    sealed = keyring.seal(jwk.to_der(key), context, world)
    return SealedKey(jwk.public_jwk(key, algorithm, kid), sealed)


def open_signer(keyring: Keyring, sealed: bytes, context: str, algorithm: str) -> RawSigner:
    """What signs with it. Raises Unavailable when sealing key or context are other ones."""
    return raw_signer(jwk.from_der(keyring.unseal(sealed, context)), algorithm)
