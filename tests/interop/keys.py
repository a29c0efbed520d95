"""Key pairs of clients as JWK, made by `cryptography` alone."""

import base64
import json
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa


@dataclass(frozen=True)
class KeyPair:
    """`private` and `public` are JWKs, `pem` is the private key (PKCS#8)."""

    algorithm: str
    private: dict[str, str]
    pem: str

    @property
    def public(self) -> dict[str, str]:
        secret = {"d", "p", "q", "dp", "dq", "qi"}
        return {name: value for name, value in self.private.items() if name not in secret}

    @property
    def jwks(self) -> str:
        return json.dumps({"keys": [self.public]})


def key_pair(algorithm: str, kid: str = "key-1") -> KeyPair:
    """A fresh one for ES256, RS256, PS256 or EdDSA."""
    if algorithm == "ES256":
        key = ec.generate_private_key(ec.SECP256R1())
        numbers = key.private_numbers()
        point = numbers.public_numbers
        members = {
            "kty": "EC", "crv": "P-256",
            "x": _number(point.x, 32), "y": _number(point.y, 32),
            "d": _number(numbers.private_value, 32),
        }  # fmt: skip
    elif algorithm == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
        members = {
            "kty": "OKP", "crv": "Ed25519",
            "x": _text(key.public_key().public_bytes_raw()), "d": _text(key.private_bytes_raw()),
        }  # fmt: skip
    else:
        key = rsa.generate_private_key(65_537, 2048)
        numbers = key.private_numbers()
        found = {
            "n": numbers.public_numbers.n, "e": numbers.public_numbers.e, "d": numbers.d,
            "p": numbers.p, "q": numbers.q,
            "dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp,
        }  # fmt: skip
        members = {"kty": "RSA"} | {name: _number(value) for name, value in found.items()}
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return KeyPair(algorithm, members | {"kid": kid, "alg": algorithm}, pem.decode())


def _number(value: int, size: int = 0) -> str:
    return _text(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
