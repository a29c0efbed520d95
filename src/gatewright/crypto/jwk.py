"""Key pairs for signatures: made, written, read, and shown as a public JWK (RFC 7517)."""

import base64

import orjson
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from gatewright.domain.errors import Invalid, Unavailable

ES256, RS256, PS256, EDDSA = "ES256", "RS256", "PS256", "EdDSA"
ALGORITHMS = (ES256, RS256, PS256, EDDSA)
RSA_BITS = 2048

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def generate(algorithm: str) -> PrivateKey:
    """A new private key: P-256 for ES256, RSA of 2048 bits for RS256 and PS256, Ed25519 for EdDSA.

    Raises Invalid.
    """
    if algorithm == ES256:
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm in (RS256, PS256):
        return rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
    if algorithm == EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    names = ", ".join(ALGORITHMS)
    raise Invalid(f"{algorithm[:40]!r} is no signing algorithm.", "algorithm", f"Use {names}.")


def to_der(key: PrivateKey) -> bytes:
    """The private key as PKCS #8; seal it before it is stored."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def from_der(der: bytes) -> PrivateKey:
    """The inverse of `to_der`. Raises Unavailable when it is no key of ours."""
    try:
        key = load_der_private_key(der, None)
    except ValueError:
        key = None
    if isinstance(key, PrivateKey):
        return key
    raise Unavailable("a signing key is damaged.", "keys", "Restore the database from a backup.")


def public_jwk(key: PrivateKey, algorithm: str, kid: str) -> str:
    """The public half as JSON with `use`, `alg` and `kid`, so that no verifier has to guess."""
    members = {"kid": kid, "use": "sig", "alg": algorithm} | _public_members(key)
    return orjson.dumps(members, option=orjson.OPT_SORT_KEYS).decode()


def _public_members(key: PrivateKey) -> dict[str, str]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        x, y = point.x.to_bytes(32), point.y.to_bytes(32)
        return {"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y)}
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "n": _unsigned(numbers.n), "e": _unsigned(numbers.e)}
    raw = key.public_key().public_bytes_raw()
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url(raw)}


def _unsigned(number: int) -> str:
    return base64url(number.to_bytes((number.bit_length() + 7) // 8))


def base64url(raw: bytes) -> str:
    """base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def base64url_bytes(segment: str) -> bytes:
    """The inverse. Raises ValueError unless it is the one spelling of those bytes."""
    try:
        raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:  # binascii.Error is one
        raise ValueError("not base64url.") from None
    if base64url(raw) != segment:
        raise ValueError("not base64url in its one spelling.")
    return raw
