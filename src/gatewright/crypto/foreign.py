"""JWTs that others sign: their headers, their key sets and their signatures; nothing is fetched.

A key comes from whoever calls, never out of the token: `jwk`, `jku`, `x5u` and `x5c` in a header
take no part. Each key is bound to one algorithm, so that a header can not choose another one.
"""

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gatewright.crypto.jwk import base64url_bytes
from gatewright.crypto.strict_json import single_members

JWT_BYTES_MAX = 8192
KEY_SET_BYTES_MAX = 65_536
KEYS_MAX = 64
TRIED_MAX = 8
"""Keys that are tried for a token that names none; each costs a verification."""

KID_LENGTH_MAX = 256
RSA_BITS_MIN, RSA_BITS_MAX = 2048, 8192
ALGORITHMS = ("ES256", "ES384", "RS256", "PS256", "EdDSA", "Ed25519")
"""What a signature of others may use; `Ed25519` is the name of RFC 9864 for `EdDSA` with it."""

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NEVER_UNDERSTOOD = ("crit", "b64", "zip", "enc")
_PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_EDWARDS = frozenset({"EdDSA", "Ed25519"})
_CURVES: Mapping[str, tuple[ec.EllipticCurve, int, str]] = {
    "P-256": (ec.SECP256R1(), 32, "ES256"),
    "P-384": (ec.SECP384R1(), 48, "ES384"),
}
_SECONDS_MAX = 1 << 40


class NotValid(Exception):
    """The text is not what it should be. `reason` names no value of it and may be told."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnknownKey(NotValid):
    """No key of the set has the token's `kid`: a newer set may have it."""


class _LeftOut(NotValid):
    """A key that can not verify signatures here, in a set where others may (RFC 7517 §5)."""


@dataclass(frozen=True, slots=True)
class ForeignHeader:
    """What a token claims about itself. `jwk` is for proofs that bring their key, such as DPoP."""

    alg: str
    kid: str | None
    typ: str | None
    jwk: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A public key with the one algorithm it verifies; `kid` if its owner gave it one."""

    kid: str | None
    algorithm: str
    key: PublicKey


def header(unverified_jwt: str) -> ForeignHeader:
    """The header of a compact JWS of at most 8 KiB. Raises NotValid."""
    members = parsed(_parts(unverified_jwt)[0], "the header")
    for name in _NEVER_UNDERSTOOD:
        if name in members:
            raise NotValid(f"its header has {name}, which is not understood here.")
    alg, jwk = members.get("alg"), members.get("jwk")
    if not isinstance(alg, str):
        raise NotValid("its header has no alg.")
    if jwk is not None and not isinstance(jwk, dict):
        raise NotValid("the jwk of its header is no object.")
    return ForeignHeader(alg, _text(members, "kid"), _text(members, "typ"), jwk)


def unverified_claims(jwt: str) -> dict[str, Any]:
    """What a JWT says, true or not; good only for finding who may have signed it.

    Raises NotValid where `verify` would for header or form.
    """
    if header(jwt).alg not in ALGORITHMS:
        raise NotValid("its algorithm is not accepted.")
    return parsed(_parts(jwt)[1], "the payload")


def key_set(text: str, *, strict: bool = False) -> tuple[ForeignKey, ...]:
    """The public signature keys of a JWK Set (RFC 7517 §5), at most 64 in 64 KiB.

    Keys of kinds not used here are left out; `strict` refuses them, for sets that a person gives.
    Raises NotValid for private or symmetric keys, and when nothing is left.
    """
    if len(text.encode(errors="surrogatepass")) > KEY_SET_BYTES_MAX:
        raise NotValid(f"the key set is over {KEY_SET_BYTES_MAX} bytes.")
    keys = json_object(text, "the key set").get("keys")
    if not isinstance(keys, list) or len(keys) > KEYS_MAX:
        raise NotValid(f"the key set has no `keys` with 1 to {KEYS_MAX} keys.")
    found = []
    for number, members in enumerate(keys, 1):
        try:
            found.append(public_key(members))
        except _LeftOut as error:
            if strict:
                raise NotValid(f"key {number}: {error.reason}") from None
        except NotValid as error:
            raise NotValid(f"key {number}: {error.reason}") from None
    if not found:
        raise NotValid("the key set has no key that verifies signatures.")
    return tuple(found)


def public_key(members: object) -> ForeignKey:
    """The key of one public JWK (RFC 7517 §4) with its algorithm: that of its `alg`, or ES256,
    ES384, RS256 or EdDSA by its type. Raises NotValid."""
    if not isinstance(members, dict):
        raise NotValid("it is no object.")
    if any(name in members for name in _PRIVATE_MEMBERS) or members.get("kty") == "oct":
        raise NotValid("it is private or symmetric; only public keys may be given.")
    kid = _text(members, "kid")
    operations = members.get("key_ops", ["verify"])
    is_for_signatures = members.get("use", "sig") == "sig"
    if not is_for_signatures or not isinstance(operations, list) or "verify" not in operations:
        raise _LeftOut("it is not for signatures.")
    key, algorithms = _loaded(members)
    algorithm = members.get("alg", algorithms[0])
    if algorithm not in algorithms:
        raise _LeftOut(f"its alg is not offered; use {' or '.join(algorithms)}.")
    return ForeignKey(kid, algorithm, key)


def verify(
    unverified_jwt: str, keys: Iterable[ForeignKey], algorithms: Collection[str] = ALGORITHMS
) -> dict[str, Any]:
    """The claims, if one of the keys signed them with its own algorithm, out of `algorithms`.

    Says nothing about type, issuer, audience or time. Raises UnknownKey when the token names a
    key that is not there, NotValid otherwise.
    """
    claimed = header(unverified_jwt)
    if claimed.alg not in algorithms or claimed.alg not in ALGORITHMS:
        raise NotValid("its algorithm is not accepted.")
    candidates = [key for key in _candidates(claimed.kid, tuple(keys)) if _fits(claimed.alg, key)]
    if not candidates:
        raise NotValid("no key of its owner is for its algorithm.")
    if len(candidates) > TRIED_MAX:
        raise NotValid("it names no key, and its owner has too many to try.")
    _, payload, signature = _parts(unverified_jwt)
    signed, raw = unverified_jwt.rpartition(".")[0].encode(), _bytes(signature)
    if not any(is_signed_by(key, signed, raw) for key in candidates):
        raise NotValid("its signature is wrong.")
    return parsed(payload, "the payload")


def is_signed_by(key: ForeignKey, signed: bytes, signature: bytes) -> bool:
    """Whether that is the key's signature, in the form of JWS (RFC 7518 §3, RFC 8037 §3.1)."""
    try:
        if isinstance(key.key, rsa.RSAPublicKey):
            key.key.verify(signature, signed, _padding(key.algorithm), hashes.SHA256())
        elif isinstance(key.key, ec.EllipticCurvePublicKey):
            return _is_signed_by_curve(key.key, signed, signature)
        else:
            key.key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def seconds_of(claims: Mapping[str, Any], name: str) -> int | None:
    """A NumericDate (RFC 7519 §2) in whole seconds, or None without one. Raises NotValid."""
    value = claims.get(name)
    if name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise NotValid(f"its {name} is no number of seconds.")
    if not 0 <= value < _SECONDS_MAX:
        raise NotValid(f"its {name} is no time.")
    return int(value)


def parsed(segment: str, what: str) -> dict[str, Any]:
    """The JSON object that a segment encodes. Raises NotValid; no member may repeat in it."""
    try:
        return json_object(_bytes(segment).decode(), what)
    except UnicodeDecodeError:
        raise NotValid(f"{what} is not UTF-8.") from None


def _parts(unverified_jwt: str) -> tuple[str, str, str]:
    if len(unverified_jwt) > JWT_BYTES_MAX:
        raise NotValid(f"it is over {JWT_BYTES_MAX} bytes.")
    match = _COMPACT.fullmatch(unverified_jwt)
    if not match:
        raise NotValid("it is no signed JWT.")
    return match[1], match[2], match[3]


def _candidates(kid: str | None, keys: Sequence[ForeignKey]) -> Sequence[ForeignKey]:
    """Those of that kid; keys that their owner gave no kid may have any."""
    if kid is None:
        return keys
    found = [key for key in keys if key.kid == kid] or [key for key in keys if key.kid is None]
    if not found:
        raise UnknownKey("it names a key that its owner does not have.")
    return found


def _fits(alg: str, key: ForeignKey) -> bool:
    return alg == key.algorithm or (alg in _EDWARDS and key.algorithm in _EDWARDS)


def _padding(algorithm: str) -> padding.PKCS1v15 | padding.PSS:
    if algorithm == "RS256":
        return padding.PKCS1v15()
    return padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)


def _is_signed_by_curve(key: ec.EllipticCurvePublicKey, signed: bytes, signature: bytes) -> bool:
    """Raises InvalidSignature, or gives False when the signature is not r and s at full width."""
    width = (key.curve.key_size + 7) // 8
    if len(signature) != 2 * width:
        return False
    r, s = int.from_bytes(signature[:width]), int.from_bytes(signature[width:])
    digest = hashes.SHA256() if width == 32 else hashes.SHA384()
    key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(digest))
    return True


def _loaded(members: Mapping[str, Any]) -> tuple[PublicKey, tuple[str, ...]]:
    """The key, and the algorithms it may be for with the usual one first."""
    try:
        match members.get("kty"), members.get("crv"):
            case ("EC", str(name)) if name in _CURVES:
                curve, width, algorithm = _CURVES[name]
                x, y = _number(members, "x", width), _number(members, "y", width)
                return ec.EllipticCurvePublicNumbers(x, y, curve).public_key(), (algorithm,)
            case ("RSA", _):
                return _rsa(members), ("RS256", "PS256")
            case ("OKP", "Ed25519"):
                raw = _bytes(_needed(members, "x"))
                key = ed25519.Ed25519PublicKey.from_public_bytes(raw)
                return key, ("EdDSA", "Ed25519")
    except ValueError:
        raise NotValid("it is damaged.") from None
    raise _LeftOut("use EC with P-256 or P-384, RSA, or OKP with Ed25519.")


def _rsa(members: Mapping[str, Any]) -> rsa.RSAPublicKey:
    modulus, exponent = _number(members, "n"), _number(members, "e")
    if not RSA_BITS_MIN <= modulus.bit_length() <= RSA_BITS_MAX:
        raise _LeftOut(f"an RSA key must have {RSA_BITS_MIN} to {RSA_BITS_MAX} bits.")
    if exponent.bit_length() > 32:
        raise _LeftOut("its exponent is over 32 bits.")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def _number(members: Mapping[str, Any], name: str, width: int | None = None) -> int:
    raw = _bytes(_needed(members, name))
    if width is not None and len(raw) != width:
        raise NotValid(f"its {name} is not {width} bytes.")
    return int.from_bytes(raw)


def _needed(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str):
        raise NotValid(f"its {name} is missing.")
    return value


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    if name not in members:
        return None
    if not isinstance(value, str) or len(value) > KID_LENGTH_MAX or _CONTROL.search(value):
        raise NotValid(f"its {name} is no text of up to {KID_LENGTH_MAX} characters.")
    return value


def _bytes(segment: str) -> bytes:
    """Decoded base64url. Raises NotValid unless it is the one spelling of those bytes."""
    try:
        return base64url_bytes(segment)
    except ValueError as error:
        raise NotValid(f"it is {error}") from None


def json_object(text: str, what: str) -> dict[str, Any]:
    """The JSON object that a text is. Raises NotValid; no member may repeat in it."""
    try:
        orjson.loads(text)  # refuses what readers differ about: NaN, half surrogates, bad escapes
        found = json.loads(text, object_pairs_hook=single_members)
    except (ValueError, RecursionError):
        raise NotValid(f"{what} is no JSON in which each member stands once.") from None
    if not isinstance(found, dict):
        raise NotValid(f"{what} is no JSON object.")
    return found
