"""Checking a DPoP proof (RFC 9449 §4.3): who holds which key, said for one request only.

Holds no state and no clock: whether a `jti` came before and whether a nonce is good, the caller
knows. That there is one header only (check 1) the caller sees as well.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gatewright.crypto.jwk import base64url, base64url_bytes
from gatewright.crypto.strict_json import no_constant, single_members

ALGORITHMS = ("ES256", "ES384", "PS256", "EdDSA", "Ed25519")
"""All asymmetric; RS256 is refused, as FAPI 2.0 does. `Ed25519` is RFC 9864's name of EdDSA."""

PROOF_BYTES_MAX = 8192
JTI_CHARS_MAX = 256
AGE_SECONDS_MAX = 60
AHEAD_SECONDS_MAX = 10
"""How far the client's clock may go before ours (FAPI 2.0 §5.3.2.1)."""

_TYPE = "dpop+jwt"
_RSA_BITS_MIN, _RSA_BITS_MAX, _RSA_EXPONENT_MAX = 2048, 4096, 2**32
_CURVES: dict[str, tuple[str, ec.EllipticCurve, hashes.HashAlgorithm, int]] = {
    "ES256": ("P-256", ec.SECP256R1(), hashes.SHA256(), 32),
    "ES384": ("P-384", ec.SECP384R1(), hashes.SHA384(), 48),
}
_REQUIRED_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}
_REQUIRED_MEMBERS["OKP"] = ("crv", "kty", "x")
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_REFUSED_HEADERS = ("crit", "b64", "zip")
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_URL = re.compile(
    r"(https?)://([a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::([0-9]{0,5}))?(/[!-~]*)?", re.IGNORECASE
)
_ESCAPE = re.compile(r"%(..|.?$)")
_HEX_PAIR = re.compile(r"[0-9A-Fa-f]{2}")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


class InvalidProof(Exception):
    """The proof does not hold. `reason` may be told to whoever sent it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NonceWanted(InvalidProof):
    """All else holds, but a nonce of ours is missing or too old (RFC 9449 §8, §9)."""


@dataclass(frozen=True, slots=True)
class DpopProof:
    """A proof that held: the key's thumbprint, its id, when it was made (seconds since 1970)."""

    jkt: str
    jti: str
    iat: int
    nonce: str | None

    @property
    def expires_at(self) -> int:
        """The last second in which `check` may accept it; forget its jti no sooner."""
        return self.iat + AGE_SECONDS_MAX


def check(
    proof: str,
    *,
    method: str,
    url: str,
    now: int,
    access_token: str | None,
    nonce_is_good: Callable[[str | None], bool] | None,
) -> DpopProof:
    """The proof, if it is one for this request at this second. Raises InvalidProof.

    `url` is the one the client used; `access_token` asks for `ath`, `nonce_is_good` for a nonce
    (raises NonceWanted). The caller still compares `jkt` with the token's and remembers `jti`.
    """
    if len(proof) > PROOF_BYTES_MAX:
        raise InvalidProof(f"the proof is over {PROOF_BYTES_MAX} bytes.")
    match = _COMPACT.fullmatch(proof)
    if not match:
        raise InvalidProof("the proof is not a JWT.")
    jwk = _verified_key(proof, _members(match[1], "header"), _raw(match[3], "signature"))
    claims = _members(match[2], "payload")
    found = DpopProof(thumbprint(jwk), _jti(claims), _seconds(claims, "iat"), _nonce(claims))
    if claims.get("htm") != method:
        raise InvalidProof(f"htm is not {method}.")
    _check_url(claims.get("htu"), url)
    _check_time(claims, found.iat, now)
    if access_token is not None:
        _check_access_token(claims.get("ath"), access_token)
    if nonce_is_good is not None and not nonce_is_good(found.nonce):
        raise NonceWanted("a nonce of this server is needed, and a recent one.")
    return found


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The SHA-256 thumbprint of a public JWK (RFC 7638 §3), base64url. Raises InvalidProof."""
    names = _REQUIRED_MEMBERS.get(str(jwk.get("kty")), ())
    members = {name: jwk.get(name) for name in names}
    if not names or not all(isinstance(value, str) for value in members.values()):
        raise InvalidProof("jwk is no public key of a kind that is known here.")
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return base64url(hashlib.sha256(text.encode()).digest())


def normalized(url: str) -> str | None:
    """The URL without query and fragment, spelled as RFC 3986 §6.2.2 and §6.2.3 want; or None.

    Only `http` and `https` URLs without a user can be told; what is not one is None.
    """
    match = _URL.fullmatch(re.split(r"[?#]", url, maxsplit=1)[0])
    if not match:
        return None
    scheme, host, port, path = match[1].lower(), match[2].lower(), match[3], match[4] or "/"
    if port and port.lstrip("0") != _DEFAULT_PORTS[scheme]:
        host = f"{host}:{port.lstrip('0')}"
    spelled = _path(path)
    return None if spelled is None else f"{scheme}://{host}{spelled}"


def _path(path: str) -> str | None:
    """Escapes of unreserved characters undone, others in capitals, dot segments walked."""
    if "%" in path:
        escapes = _ESCAPE.findall(path)
        if not all(_HEX_PAIR.fullmatch(pair) for pair in escapes):
            return None
        path = _ESCAPE.sub(lambda found: _escape(found[1]), path)
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _escape(pair: str) -> str:
    character = chr(int(pair, 16))
    return character if _UNRESERVED.fullmatch(character) else f"%{pair.upper()}"


def _verified_key(proof: str, header: Mapping[str, Any], signature: bytes) -> Mapping[str, Any]:
    """The public key in the header, which signed the proof. Raises InvalidProof."""
    if header.get("typ") != _TYPE:
        raise InvalidProof(f"typ is not {_TYPE}.")
    algorithm, jwk = header.get("alg"), header.get("jwk")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise InvalidProof(f"alg is none of {', '.join(ALGORITHMS)}.")
    for name in _REFUSED_HEADERS:
        if name in header:
            raise InvalidProof(f"the header {name} is not understood.")
    if not isinstance(jwk, dict):
        raise InvalidProof("jwk is missing.")
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise InvalidProof("jwk holds a private key, which has to stay with the client.")
    if jwk.get("alg", algorithm) != algorithm or jwk.get("use", "sig") != "sig":
        raise InvalidProof("jwk is a key for something else.")
    signed = proof.rpartition(".")[0].encode()
    try:
        _verify(algorithm, jwk, signed, signature)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidProof(f"jwk is no key for {algorithm}.") from None
    except InvalidSignature:
        raise InvalidProof("the signature is not by the key in jwk.") from None
    return jwk


def _verify(algorithm: str, jwk: Mapping[str, Any], signed: bytes, signature: bytes) -> None:
    """Raises InvalidSignature, or ValueError when the key does not fit the algorithm."""
    if algorithm in _CURVES:
        _verify_ecdsa(algorithm, jwk, signed, signature)
    elif algorithm == "PS256":
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
        _rsa_key(jwk).verify(signature, signed, scheme, hashes.SHA256())
    else:
        _need(jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519")
        key = ed25519.Ed25519PublicKey.from_public_bytes(_coordinate(jwk, "x", 32))
        key.verify(signature, signed)


def _verify_ecdsa(algorithm: str, jwk: Mapping[str, Any], signed: bytes, signature: bytes) -> None:
    name, curve, digest, width = _CURVES[algorithm]
    _need(jwk.get("kty") == "EC" and jwk.get("crv") == name)
    point = b"\x04" + _coordinate(jwk, "x", width) + _coordinate(jwk, "y", width)
    key = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    if len(signature) != 2 * width:
        raise InvalidSignature
    r, s = int.from_bytes(signature[:width]), int.from_bytes(signature[width:])
    key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(digest))


def _rsa_key(jwk: Mapping[str, Any]) -> rsa.RSAPublicKey:
    """Bounded, since verification costs as much as the caller's numbers are long."""
    _need(jwk.get("kty") == "RSA")
    n, e = _unsigned(jwk, "n"), _unsigned(jwk, "e")
    _need(_RSA_BITS_MIN <= n.bit_length() <= _RSA_BITS_MAX and e < _RSA_EXPONENT_MAX)
    return rsa.RSAPublicNumbers(e, n).public_key()


def _coordinate(jwk: Mapping[str, Any], name: str, width: int) -> bytes:
    """At its full width only (RFC 7518 §6.2.1.2): else one key would have many thumbprints."""
    raw = _key_bytes(jwk, name)
    _need(len(raw) == width)
    return raw


def _unsigned(jwk: Mapping[str, Any], name: str) -> int:
    """Without leading zeros (RFC 7518 §2), for the same reason."""
    raw = _key_bytes(jwk, name)
    _need(raw[:1] != b"\0" and len(raw) <= _RSA_BITS_MAX // 8)
    return int.from_bytes(raw)


def _key_bytes(jwk: Mapping[str, Any], name: str) -> bytes:
    text = jwk.get(name)
    _need(isinstance(text, str) and text.isascii())
    return _raw(str(text), f"jwk's {name}")


def _need(holds: object) -> None:
    if not holds:
        raise ValueError


def _jti(claims: Mapping[str, Any]) -> str:
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= JTI_CHARS_MAX or not jti.isprintable():
        raise InvalidProof(f"jti is missing or is no printable text of up to {JTI_CHARS_MAX}.")
    return jti


def _nonce(claims: Mapping[str, Any]) -> str | None:
    nonce = claims.get("nonce")
    if nonce is not None and not (isinstance(nonce, str) and nonce.isascii()):
        raise InvalidProof("nonce is no text of this server.")
    return nonce


def _seconds(claims: Mapping[str, Any], name: str) -> int:
    """A NumericDate (RFC 7519 §2), rounded down."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**53:
        raise InvalidProof(f"{name} is missing or is no time.")
    return int(value // 1)


def _check_url(htu: object, url: str) -> None:
    if not isinstance(htu, str):
        raise InvalidProof("htu is missing.")
    if htu != url:
        claimed = normalized(htu)
        if claimed is None or claimed != normalized(url):
            raise InvalidProof("htu is not the address of this request.")


def _check_time(claims: Mapping[str, Any], iat: int, now: int) -> None:
    if iat < now - AGE_SECONDS_MAX:
        raise InvalidProof(f"iat is over {AGE_SECONDS_MAX} seconds ago.")
    if iat > now + AHEAD_SECONDS_MAX:
        raise InvalidProof("iat is in the future.")
    if "exp" in claims and _seconds(claims, "exp") < now - AHEAD_SECONDS_MAX:
        raise InvalidProof("exp is in the past.")
    if "nbf" in claims and _seconds(claims, "nbf") > now + AHEAD_SECONDS_MAX:
        raise InvalidProof("nbf is in the future.")


def _check_access_token(ath: object, access_token: str) -> None:
    wanted = base64url(hashlib.sha256(access_token.encode()).digest())
    if ath != wanted:
        raise InvalidProof("ath is missing or belongs to another token.")


def _raw(segment: str, name: str) -> bytes:
    """Decoded base64url, in its one spelling. Raises InvalidProof."""
    try:
        raw = base64url_bytes(segment)
    except ValueError:
        raw = b""
    if not raw:
        raise InvalidProof(f"the {name} is not base64url.")
    return raw


def _members(segment: str, name: str) -> dict[str, Any]:
    try:
        found = json.loads(
            _raw(segment, name).decode(),
            object_pairs_hook=single_members,
            parse_constant=no_constant,
        )
    except (ValueError, RecursionError):
        raise InvalidProof(f"the {name} is no JSON object with each member once.") from None
    if not isinstance(found, dict):
        raise InvalidProof(f"the {name} is no JSON object.")
    return found
