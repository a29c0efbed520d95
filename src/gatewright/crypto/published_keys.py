"""Key sets of others in one form: public signature keys only, each with its algorithm.

What a verifier gets is written anew from the numbers of the keys, so that nothing else of a
document that somebody publishes reaches it.
"""

from collections.abc import Iterable

import orjson
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gatewright.crypto.foreign import ForeignKey
from gatewright.crypto.jwk import base64url

_CURVES = {"secp256r1": ("P-256", 32), "secp384r1": ("P-384", 48)}


def normalized(keys: Iterable[ForeignKey]) -> str:
    """A JWK Set (RFC 7517 §5) with each key once, in an order of its own: same keys, same text."""
    texts = {orjson.dumps(_members(key), option=orjson.OPT_SORT_KEYS) for key in keys}
    return '{"keys":[' + ",".join(sorted(text.decode() for text in texts)) + "]}"


def _members(key: ForeignKey) -> dict[str, str]:
    named = {} if key.kid is None else {"kid": key.kid}
    # Verifiers know EdDSA by its older name; RFC 9864 lets both stand for Ed25519.
    algorithm = "EdDSA" if key.algorithm == "Ed25519" else key.algorithm
    return {"alg": algorithm, "use": "sig"} | named | _numbers(key)


def _numbers(key: ForeignKey) -> dict[str, str]:
    public = key.key
    if isinstance(public, ec.EllipticCurvePublicKey):
        curve, width = _CURVES[public.curve.name]
        point = public.public_numbers()
        x, y = point.x.to_bytes(width), point.y.to_bytes(width)
        return {"kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y)}
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        return {"kty": "RSA", "n": _unsigned(numbers.n), "e": _unsigned(numbers.e)}
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url(public.public_bytes_raw())}


def _unsigned(number: int) -> str:
    return base64url(number.to_bytes((number.bit_length() + 7) // 8))
