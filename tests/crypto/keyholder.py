"""Somebody else with a key pair: signs whatever a test wants, right or wrong."""

import base64
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
CURVES = {"ES256": ("P-256", ec.SECP256R1(), 32), "ES384": ("P-384", ec.SECP384R1(), 48)}


def encoded(raw: bytes | str) -> str:
    raw = raw.encode() if isinstance(raw, str) else raw
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Keyholder:
    def __init__(self, algorithm: str = "ES256", kid: str | None = "k1", bits: int = 2048) -> None:
        self.algorithm, self.kid = algorithm, kid
        if algorithm in CURVES:
            self.private = ec.generate_private_key(CURVES[algorithm][1])
        elif algorithm == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(65_537, bits)

    def jwk(self, **further) -> dict:
        public = self.private.public_key()
        named = {} if self.kid is None else {"kid": self.kid}
        if self.algorithm in CURVES:
            name, _, width = CURVES[self.algorithm]
            point = public.public_numbers()
            x, y = (encoded(number.to_bytes(width)) for number in (point.x, point.y))
            return named | {"kty": "EC", "crv": name, "x": x, "y": y} | further
        if self.algorithm == "EdDSA":
            raw = encoded(public.public_bytes_raw())
            return named | {"kty": "OKP", "crv": "Ed25519", "x": raw} | further
        numbers = public.public_numbers()
        n = encoded(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8))
        return named | {"kty": "RSA", "n": n, "e": "AQAB"} | further

    def jwks(self, *others: "Keyholder", **further) -> str:
        return json.dumps({"keys": [holder.jwk(**further) for holder in (self, *others)]})

    def sign(self, claims: dict | str, algorithm: str | None = None, **header) -> str:
        """A JWT; a header member of None is left out, and claims may be raw text."""
        named = {"alg": algorithm or self.algorithm, "kid": self.kid} | header
        head = json.dumps({name: value for name, value in named.items() if value is not None})
        return self.sign_raw(head, claims if isinstance(claims, str) else json.dumps(claims),
                             algorithm)  # fmt: skip

    def sign_raw(self, head: str, body: str, algorithm: str | None = None) -> str:
        signed = f"{encoded(head)}.{encoded(body)}"
        return f"{signed}.{encoded(self.signature(signed.encode(), algorithm))}"

    def signature(self, signed: bytes, algorithm: str | None = None) -> bytes:
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            width = CURVES[self.algorithm][2]
            digest = hashes.SHA256() if width == 32 else hashes.SHA384()
            r, s = decode_dss_signature(self.private.sign(signed, ec.ECDSA(digest)))
            return r.to_bytes(width) + s.to_bytes(width)
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(signed)
        scheme = PSS if (algorithm or self.algorithm) == "PS256" else padding.PKCS1v15()
        return self.private.sign(signed, scheme, hashes.SHA256())
