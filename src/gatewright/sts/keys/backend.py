"""The port of whoever holds private keys: a file here, a program, a cloud's KMS or an HSM."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gatewright.crypto.signing import RawSigner
from gatewright.domain.errors import Unavailable
from gatewright.domain.token import SigningKey


@dataclass(frozen=True, slots=True)
class Made:
    """A new key: its public JWK with `alg`, `use` and `kid`, and what its backend finds it by.

    `reference` is stored as it is: it must open nothing without the backend.
    """

    public_jwk: str
    reference: bytes


class Backend(Protocol):
    """One place for private keys. Safe for use by several threads."""

    def create(self, algorithm: str, kid: str) -> Made:
        """A new key pair. Raises Invalid for an algorithm it has not, Unavailable when away."""

    def open(self, row: SigningKey) -> RawSigner:
        """What signs with the key of that row; it may raise Unavailable, now or when it signs."""


@dataclass(frozen=True)
class Backends:
    """Every backend of the installation by name, and the name of the one for new keys."""

    by_name: Mapping[str, Backend]
    preferred: str

    def create(self, algorithm: str, kid: str) -> Made:
        """A new key pair in the preferred backend. Raises Invalid and Unavailable as it does."""
        return self.by_name[self.preferred].create(algorithm, kid)

    def open(self, row: SigningKey) -> RawSigner:
        """The signer of a row, by the backend it names. Raises Unavailable."""
        backend = self.by_name.get(row.backend)
        if backend is None:
            raise Unavailable(
                f"signing key {row.id} is held by {row.backend!r}, which is not set up.",
                "keys",
                "Set it up as it was (GATEWRIGHT_SIGNER_COMMAND), or replace the key with"
                " `gatewright keys rotate --emergency`.",
            )
        return backend.open(row)
