"""The signing keys in use: opened once in a process, and only when they sign."""

from collections.abc import Mapping, Sequence

import orjson

from gatewright.crypto.jose import VerificationKey, verification_key
from gatewright.crypto.signing import ACCESS_TOKEN_TYPE, RawSigner, Signer, signer_over
from gatewright.domain.token import SigningKey
from gatewright.sts.keys.backend import Backends
from gatewright.sts.keys.rotation import signing_key


class KeyChain:
    """Signers and verifiers by kid."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._opened: dict[str, RawSigner] = {}
        self._signers: dict[tuple[str, str], Signer] = {}
        self._verifiers: dict[str, VerificationKey] = {}

    def signer(
        self, rows: Sequence[SigningKey], algorithm: str, typ: str = ACCESS_TOKEN_TYPE
    ) -> Signer | None:
        """For JWTs of that `typ`: that of the newest active key, of `algorithm` if there is one.

        None when none is active. Raises Unavailable when the key can not be opened.
        """
        chosen = signing_key(rows, algorithm)
        if chosen is None:
            return None
        if (chosen.id, typ) not in self._signers:
            raw = self._opened.get(chosen.id) or self._backends.open(chosen)
            self._opened[chosen.id] = raw
            made = signer_over(raw, chosen.algorithm, chosen.id, typ)
            self._signers[chosen.id, typ] = made
        return self._signers[chosen.id, typ]

    def verifiers(self, rows: Sequence[SigningKey]) -> Mapping[str, VerificationKey]:
        """Every key that is published, whatever its state, by kid."""
        for row in rows:
            if row.id not in self._verifiers:
                self._verifiers[row.id] = verification_key(row.public_jwk)
        return {row.id: self._verifiers[row.id] for row in rows}


def jwks(rows: Sequence[SigningKey]) -> bytes:
    """The JWK Set (RFC 7517 §5) of an issuer: only public halves, in a stable order."""
    return orjson.dumps({"keys": [orjson.loads(row.public_jwk) for row in rows]})
