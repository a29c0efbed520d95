"""Verifying a compact JWS that we signed ourselves; everything we never write is refused.

The header may hold `alg`, `kid` and `typ` and nothing else: no `crit`, `b64`, `jwk`, `jku`, `x5c`
or `zip` can take part. The algorithm is the key's own, whatever the header says.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

import orjson
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from gatewright.crypto.jwk import base64url_bytes
from gatewright.crypto.strict_json import single_members

TOKEN_BYTES_MAX = 8192
_HEADER_BYTES_MAX = 512
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})
_TYPES: dict[str, type[ECKey | RSAKey | OKPKey]] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}


class NotOurs(Exception):
    """The text is no token that a key of ours signed. Carries no detail: nobody is told why."""


@dataclass(frozen=True, slots=True)
class UnverifiedHeader:
    """What a token claims about itself; good only for finding the key that may verify it."""

    alg: str
    kid: str
    typ: str


@dataclass(frozen=True)
class VerificationKey:
    """A public key bound to the one algorithm it was made for."""

    kid: str
    algorithm: str
    key: Key


def verification_key(public_jwk: str) -> VerificationKey:
    """The key of a public JWK that has `alg` and `kid`."""
    members = json.loads(public_jwk)
    key = _TYPES[members["kty"]].import_key(members)
    return VerificationKey(members["kid"], members["alg"], key)


def unverified_header(unverified_jwt: str) -> UnverifiedHeader:
    """The header, if it has exactly the members that we write. Raises NotOurs."""
    if len(unverified_jwt) > TOKEN_BYTES_MAX:
        raise NotOurs
    match = _COMPACT.fullmatch(unverified_jwt)
    if not match or len(match[1]) > _HEADER_BYTES_MAX:
        raise NotOurs
    members = _object(match[1])
    if members.keys() != _HEADER_MEMBERS:
        raise NotOurs
    alg, kid, typ = members["alg"], members["kid"], members["typ"]
    if not isinstance(alg, str) or not isinstance(kid, str) or not isinstance(typ, str):
        raise NotOurs
    return UnverifiedHeader(alg, kid, typ)


def verify(unverified_jwt: str, key: VerificationKey, typ: str) -> dict[str, Any]:
    """The claims, if `key` signed them in a token of that type. Raises NotOurs.

    Says nothing about issuer, audience or time: the caller checks the claims (RFC 9068 §4).
    """
    header = unverified_header(unverified_jwt)
    if (header.alg, header.kid, header.typ) != (key.algorithm, key.kid, typ):
        raise NotOurs
    signed, _, signature = unverified_jwt.rpartition(".")
    # The algorithm itself, past joserfc's table of names, which warns of EdDSA since RFC 9864
    # renamed it; Envoy knows no other name for it.
    algorithm = JWSRegistry.algorithms[key.algorithm]
    if not algorithm.verify(signed.encode(), _bytes(signature), key.key):
        raise NotOurs
    return _object(signed.partition(".")[2])


def _bytes(segment: str) -> bytes:
    """Decoded base64url. Raises NotOurs unless it is the one spelling of those bytes."""
    try:
        return base64url_bytes(segment)
    except ValueError:
        raise NotOurs from None


def _object(segment: str) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(segment).decode(), object_pairs_hook=single_members)
        orjson.dumps(found)  # what can not be written was not written by us
    except (ValueError, TypeError, RecursionError):
        raise NotOurs from None
    if not isinstance(found, dict):
        raise NotOurs
    return found
