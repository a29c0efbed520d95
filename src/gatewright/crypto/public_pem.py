"""Public keys as OpenSSL writes them (PEM, SubjectPublicKeyInfo), as the JWK of that key."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gatewright.crypto.foreign import NotValid
from gatewright.crypto.jwk import base64url

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384"}


def public_jwk(pem: str, algorithm: str | None) -> dict[str, str]:
    """The public JWK (RFC 7518 §6) with `alg` if given, and without a `kid`.

    Raises NotValid for a private key and what is no key of EC, RSA or Ed25519.
    """
    if "PRIVATE KEY" in pem:
        raise NotValid("it is a private key; keep it, and give the public one.")
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise NotValid("it is no public key in PEM.") from None
    named = {} if algorithm is None else {"alg": algorithm}
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        point, width = key.public_numbers(), (key.curve.key_size + 7) // 8
        x, y = (base64url(number.to_bytes(width)) for number in (point.x, point.y))
        return {"kty": "EC", "crv": _CURVES[key.curve.name], "x": x, "y": y} | named
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _unsigned(numbers.n), "e": _unsigned(numbers.e)} | named
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url(key.public_bytes_raw())} | named
    raise NotValid("it is no key of P-256, P-384, RSA or Ed25519.")


def _unsigned(number: int) -> str:
    return base64url(number.to_bytes((number.bit_length() + 7) // 8))
