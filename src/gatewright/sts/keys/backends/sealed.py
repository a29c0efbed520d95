"""Private keys in the database itself, encrypted under the installation's sealing key."""

from gatewright.crypto import sealed_key
from gatewright.crypto.keyring import Keyring
from gatewright.crypto.signing import RawSigner
from gatewright.domain.token import SigningKey
from gatewright.domain.world import World
from gatewright.sts.keys.backend import Backend, Made
from gatewright.sts.keys.backends.surroundings import Surroundings

NAME = "sealed"


class Sealed:
    """The reference is the private key itself, sealed; signing needs nobody else."""

    def __init__(self, keyring: Keyring, world: World) -> None:
        self._keyring, self._world = keyring, world

    def create(self, algorithm: str, kid: str) -> Made:
        """A new key pair. Raises Invalid for an algorithm that is none."""
        made = sealed_key.make(self._keyring, self._world, algorithm, kid, seal_context(kid))
        return Made(made.public_jwk, made.sealed_private_key)

    def open(self, row: SigningKey) -> RawSigner:
        """Unseal it. Raises Unavailable when the sealing key is another."""
        sealed, context = row.sealed_private_key, seal_context(row.id)
        return sealed_key.open_signer(self._keyring, sealed, context, row.algorithm)


def seal_context(kid: str) -> str:
    """What a sealed private key is bound to, so that one can not be put in another's place."""
    return f"signing key {kid}"


def make(around: Surroundings) -> Backend:
    """Always there."""
    return Sealed(around.keyring, around.world)
