"""A client that holds a key and proves it, by a library that knows nothing of ours."""

import base64
import hashlib
import itertools
import json
from functools import cache

import jwt as pyjwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

URL = "http://sts.test/sts/default/production/token"


@cache
def _key(algorithm: str, number: int):
    if algorithm in ("ES256", "ES384"):
        return ec.generate_private_key(ec.SECP256R1() if algorithm == "ES256" else ec.SECP384R1())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


class Holder:
    """One key pair; `number` tells keys of the same algorithm apart."""

    _ids = itertools.count(1)

    def __init__(self, algorithm: str = "ES256", number: int = 0) -> None:
        self.algorithm = algorithm
        self.key = _key(algorithm, number)
        self.jwk = self._jwk(self.key.public_key())

    @property
    def private_jwk(self) -> dict:
        return self._jwk(self.key)

    @property
    def thumbprint(self) -> str:
        names = {"EC": "crv kty x y", "RSA": "e kty n", "OKP": "crv kty x"}[self.jwk["kty"]]
        text = json.dumps({name: self.jwk[name] for name in names.split()}, separators=(",", ":"))
        return b64(hashlib.sha256(text.encode()).digest())

    def proof(
        self, now: float, *, access_token: str | None = None, header: dict | None = None, **claims
    ) -> str:
        """A proof as RFC 9449 §4.2 wants it; `claims` and `header` replace, None removes."""
        made = {"jti": f"jti-{next(self._ids)}", "htm": "POST", "htu": URL, "iat": now}
        if access_token is not None:
            made["ath"] = b64(hashlib.sha256(access_token.encode()).digest())
        members = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.jwk}
        return self.signed(_changed(members, header or {}), _changed(made, claims))

    def signed(self, header: dict, claims: dict) -> str:
        text = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
        return f"{text}.{b64(self.sign(text.encode()))}"

    def sign(self, text: bytes) -> bytes:
        algorithm = pyjwt.get_algorithm_by_name(self.algorithm)
        return algorithm.sign(text, self.key)

    def _jwk(self, key) -> dict:
        members = pyjwt.get_algorithm_by_name(self.algorithm).to_jwk(key, as_dict=True)
        members.pop("key_ops", None)
        return members


def _changed(members: dict, changes: dict) -> dict:
    return {name: value for name, value in (members | changes).items() if value is not None}


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(header: dict | str, claims: dict | str, signature: bytes = b"x" * 64) -> str:
    """A proof from text as it stands, which json would not write."""
    parts = (part if isinstance(part, str) else json.dumps(part) for part in (header, claims))
    return ".".join([*(b64(part.encode()) for part in parts), b64(signature)])
