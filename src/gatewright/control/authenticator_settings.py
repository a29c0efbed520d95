"""What an authenticator may be set up with, by its method; nothing is fetched to find out.

From what a person gives to the settings that the token service reads, each checked by name. None
of them is a secret: private keys are refused, wherever they stand.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

from gatewright.crypto import certificates, foreign
from gatewright.crypto.foreign import NotValid
from gatewright.crypto.public_pem import public_jwk
from gatewright.domain.authenticator import Method
from gatewright.domain.claim_pattern import claim_pattern
from gatewright.domain.errors import Invalid

TEXT_LENGTH_MAX = 500
DOCUMENT_LENGTH_MAX = 16_384
CLAIMS_MAX = 20
_CLAIM_NAME = re.compile(r"[!-~]{1,100}")
_CLAIMS_OF_JWT = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ALLOWED: Mapping[Method, frozenset[str]] = {
    Method.PRIVATE_KEY_JWT: frozenset({"jwks", "jwks_uri", "public_key", "algorithm"}),
    Method.TLS_CLIENT_AUTH: frozenset({*certificates.SUBJECTS, "authorities"}),
    Method.SELF_SIGNED_TLS_CLIENT_AUTH: frozenset({"certificates", "jwks"}),
    Method.FEDERATED: frozenset(
        {"issuer", "subject", "audience", "claims", "jwks", "jwks_uri"}
    ),
}  # fmt: skip
SHARED_ISSUERS: Mapping[str, str] = {
    "https://token.actions.githubusercontent.com": "repository_owner",
    "https://gitlab.com": "namespace_path",
}
"""Issuers that sign for everybody, and the claim with the owner: who trusts one must name whom."""


def checked(method: Method, given: Mapping[str, Any], *, allow_private: bool) -> dict[str, str]:
    """The settings of an authenticator. Raises Invalid naming the one that is wrong.

    `allow_private` permits http, as where documents may be read from private addresses.
    """
    said = {name: value for name, value in given.items() if value is not None}
    for name in sorted(said.keys() - _ALLOWED[method]):
        names = ", ".join(sorted(_ALLOWED[method]))
        raise Invalid(f"is no setting of {method}.", name, f"Its settings are {names}.")
    match method:
        case Method.PRIVATE_KEY_JWT:
            return _keys(said, ("jwks", "jwks_uri", "public_key"), allow_private)
        case Method.TLS_CLIENT_AUTH:
            return _subject(said)
        case Method.SELF_SIGNED_TLS_CLIENT_AUTH:
            return {"certificates": _certificates(said)}
        case Method.FEDERATED:
            return _federation(said, allow_private)


def _one_of(said: Mapping[str, Any], names: tuple[str, ...]) -> str:
    named = [name for name in names if name in said]
    if len(named) != 1:
        raise Invalid(f"exactly one of {', '.join(names)} is needed.", (named or names)[0])
    return named[0]


def _keys(
    said: Mapping[str, Any],
    names: tuple[str, ...],
    allow_private: bool,  # noqa: FBT001
) -> dict[str, str]:
    name = _one_of(said, names)
    if "algorithm" in said and name != "public_key":
        raise Invalid("goes with public_key only.", "algorithm", "Put alg into the keys.")
    if name == "jwks_uri":
        return {name: _url(said, name, allow_private)}
    if name == "jwks":
        return {"jwks": _jwks(said["jwks"])}
    try:
        jwk = public_jwk(_document(said, name), said.get("algorithm"))
    except NotValid as error:
        raise Invalid(error.reason, name, "Give a public key as PEM.") from None
    return {"jwks": _jwks({"keys": [jwk]})}


def _jwks(given: object) -> str:
    try:
        text = orjson.dumps(given).decode()
    except TypeError:
        raise Invalid("holds what is no JSON everywhere.", "jwks") from None
    if len(text) > DOCUMENT_LENGTH_MAX:
        raise Invalid(f"holds over {DOCUMENT_LENGTH_MAX} bytes.", "jwks", "Use jwks_uri.")
    try:
        foreign.key_set(text, strict=True)
    except NotValid as error:
        raise Invalid(error.reason, "jwks", "Give a JWK Set with public keys only.") from None
    return text


def _subject(said: Mapping[str, Any]) -> dict[str, str]:
    named = tuple(name for name in certificates.SUBJECTS if name in said)
    name = _one_of(said, named if len(named) > 1 else tuple(certificates.SUBJECTS))
    found = {name: _text(said, name)}
    try:
        if name == "tls_client_auth_subject_dn":
            certificates.name(found[name])
        elif name == "tls_client_auth_san_ip":
            ipaddress.ip_address(found[name])
    except NotValid as error:
        raise Invalid(error.reason, name) from None
    except ValueError:
        raise Invalid("is no IP address.", name) from None
    if "*" in found[name] and name == "tls_client_auth_san_dns":
        raise Invalid("must be one name; patterns are not allowed.", name)
    if "authorities" in said:
        found["authorities"] = _pem(said, "authorities")
    return found


def _certificates(said: Mapping[str, Any]) -> str:
    if _one_of(said, ("certificates", "jwks")) == "certificates":
        return _pem(said, "certificates")
    keys = said["jwks"].get("keys") if isinstance(said["jwks"], dict) else None
    listed = keys if isinstance(keys, list) else []
    chains = [key.get("x5c") if isinstance(key, dict) else None for key in listed]
    own = [str(chain[0]) for chain in chains if isinstance(chain, list) and chain]
    if not own or len(own) < len(chains):
        raise Invalid("each key must have its certificate in x5c.", "jwks")
    _jwks(said["jwks"])
    try:
        return certificates.to_pem([certificates.from_base64(text) for text in own])
    except NotValid as error:
        raise Invalid(error.reason, "jwks") from None


def _federation(said: Mapping[str, Any], allow_private: bool) -> dict[str, str]:  # noqa: FBT001
    found = {
        "issuer": _url(said, "issuer", allow_private),
        "subject": claim_pattern(_text(said, "subject"), "subject"),
    }
    if "?" in found["issuer"]:
        raise Invalid("must have no query.", "issuer")
    if "audience" in said:
        found["audience"] = _text(said, "audience")
    if "jwks" in said or "jwks_uri" in said:
        found |= _keys(said, ("jwks", "jwks_uri"), allow_private)
    patterns = _patterns(said.get("claims") or {})
    if patterns:
        found["claims"] = orjson.dumps(patterns, option=orjson.OPT_SORT_KEYS).decode()
    _check_owner(found["issuer"], found["subject"], patterns)
    return found


def _patterns(given: Mapping[str, str]) -> dict[str, str]:
    if len(given) > CLAIMS_MAX:
        raise Invalid(f"holds over {CLAIMS_MAX} patterns.", "claims")
    for name, pattern in given.items():
        field = f"claims.{name[:100]}"
        if not _CLAIM_NAME.fullmatch(name) or name in _CLAIMS_OF_JWT:
            raise Invalid("can not be matched by a pattern.", field, "Name another claim.")
        if pattern != "*":  # any text, as long as it is there
            claim_pattern(pattern, field)
    return dict(given)


def _check_owner(issuer: str, subject: str, patterns: Mapping[str, str]) -> None:
    claim = SHARED_ISSUERS.get(issuer.rstrip("/"))
    if claim is None:
        return
    second = subject.split(":")[1:2]
    owner, slash, _ = second[0].partition("/") if second else ("", "", "")
    if owner and slash and "*" not in owner:
        return
    if "*" in patterns.get(claim, "*"):
        raise Invalid(
            "would trust everybody, as everybody gets tokens of that issuer.",
            "subject",
            f"Name the owner, as in repo:owner/name:…, or in claims.{claim}.",
        )


def _pem(said: Mapping[str, Any], name: str) -> str:
    try:
        return certificates.to_pem(certificates.from_pem(_document(said, name)))
    except NotValid as error:
        raise Invalid(error.reason, name, "Give certificates as PEM.") from None


def _document(said: Mapping[str, Any], name: str) -> str:
    text = str(said[name])
    if len(text) > DOCUMENT_LENGTH_MAX:
        raise Invalid(f"holds over {DOCUMENT_LENGTH_MAX} bytes.", name)
    return text


def _text(said: Mapping[str, Any], name: str) -> str:
    value = str(said.get(name, ""))
    if not 0 < len(value) <= TEXT_LENGTH_MAX:
        raise Invalid(f"must have 1 to {TEXT_LENGTH_MAX} characters.", name)
    if _CONTROL.search(value):
        raise Invalid("holds a control character.", name, "Remove it.")
    return value


def _url(said: Mapping[str, Any], name: str, allow_private: bool) -> str:  # noqa: FBT001
    value = _text(said, name)
    try:
        parts = urlsplit(value)
        is_url = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_url = False
    schemes = ("https", "http") if allow_private else ("https",)
    odd = not value.isascii() or any(sign in value for sign in " \\#@")
    if not is_url or parts.scheme not in schemes or odd:
        kind = "https" if len(schemes) == 1 else "http or https"
        raise Invalid(f"is no {kind} URL without user or fragment.", name)
    return value
