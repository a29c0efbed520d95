"""The signing keys in use: unsealed once in a process, and only when they sign."""

from collections.abc import Mapping, Sequence

import orjson

from gatewright.crypto import jwk
from gatewright.crypto.jose import VerificationKey, verification_key
from gatewright.crypto.keyring import Keyring
from gatewright.crypto.signing import Signer, signer
from gatewright.domain.token import SigningKey
from gatewright.sts.keys.create import ACTIVE, seal_context


class KeyChain:
    """Signers and verifiers by kid."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._signers: dict[str, Signer] = {}
        self._verifiers: dict[str, VerificationKey] = {}

    def signer(self, rows: Sequence[SigningKey], algorithm: str) -> Signer | None:
        """That of the newest active key, of `algorithm` if there is one; None when none is active.

        Raises Unavailable when the key can not be unsealed.
        """
        active = [row for row in rows if row.state == ACTIVE]
        if not active:
            return None
        chosen = max(active, key=lambda row: (row.algorithm == algorithm, row.created_at, row.id))
        if chosen.id not in self._signers:
            der = self._keyring.unseal(chosen.sealed_private_key, seal_context(chosen.id))
            self._signers[chosen.id] = signer(jwk.from_der(der), chosen.algorithm, chosen.id)
        return self._signers[chosen.id]

    def verifiers(self, rows: Sequence[SigningKey]) -> Mapping[str, VerificationKey]:
        """Every key that is published, whatever its state, by kid."""
        for row in rows:
            if row.id not in self._verifiers:
                self._verifiers[row.id] = verification_key(row.public_jwk)
        return {row.id: self._verifiers[row.id] for row in rows}


def jwks(rows: Sequence[SigningKey]) -> bytes:
    """The JWK Set (RFC 7517 §5) of an issuer: only public halves, in a stable order."""
    return orjson.dumps({"keys": [orjson.loads(row.public_jwk) for row in rows]})
