"""Whether a text is a token of an issuer that lives; why not is told to nobody."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gatewright.crypto.jose import NotOurs, unverified_header, verify
from gatewright.crypto.signing import ACCESS_TOKEN_TYPE
from gatewright.domain.token import BOUND_SUBJECT_CLAIM, EXCHANGED_CLAIM, SUBJECT_CLAIM
from gatewright.domain.world import seconds
from gatewright.sts.binding import CERTIFICATE_THUMBPRINT, KEY_THUMBPRINT
from gatewright.sts.issuer import Issuer

_TEXTS = ("sub", "client_id", "jti")
_TIMES = ("iat", "exp")
_CONFIRMED_BY = {KEY_THUMBPRINT, CERTIFICATE_THUMBPRINT}
_TIME_MAX = 253_402_300_799
"""The last second of the year 9999, after which there is no date."""


@dataclass(frozen=True, slots=True)
class SignedClaims:
    """Claims that a key of the issuer signed and whose time has not passed."""

    jti: str
    client_id: str
    subject_key: str
    expires_at: int
    members: dict[str, Any]


def signed_claims(issuer: Issuer, unverified_jwt: str, now: datetime) -> SignedClaims | None:
    """The claims if signature, type, issuer and time are right (RFC 9068 §4), and all as the STS
    writes them; else None.

    Whether it was revoked is another question.
    """
    try:
        key = issuer.keys.get(unverified_header(unverified_jwt).kid)
        claims = verify(unverified_jwt, key, ACCESS_TOKEN_TYPE) if key else None
    except NotOurs:
        return None
    if claims is None or claims.get("iss") != issuer.url or not _as_written(claims):
        return None
    subject_key = claims[BOUND_SUBJECT_CLAIM if "cnf" in claims else SUBJECT_CLAIM]
    expires_at = claims["exp"]
    if not claims.get("nbf", 0) <= seconds(now) < expires_at:
        return None
    return SignedClaims(claims["jti"], claims["client_id"], subject_key, expires_at, claims)


def _as_written(claims: dict[str, Any]) -> bool:
    """Whether the claims are there and of the types that `mint` writes: a gateway takes others in
    its own way, and of two readings one may be wrong."""
    bound = "cnf" in claims
    subject_claim, foreign_claim = SUBJECT_CLAIM, BOUND_SUBJECT_CLAIM
    if bound:
        subject_claim, foreign_claim = foreign_claim, subject_claim
    named = claims.get("aud")
    audience = named if isinstance(named, list) else [named]
    return (
        all(isinstance(claims.get(name), str) for name in (*_TEXTS, subject_claim))
        and all(_is_time(claims.get(name)) for name in _TIMES)
        and isinstance(claims.get(EXCHANGED_CLAIM, ""), str)
        and isinstance(claims.get("idp", ""), str)
        and ("nbf" not in claims or _is_time(claims["nbf"]))
        and foreign_claim not in claims
        and bool(audience)
        and all(isinstance(item, str) for item in audience)
        and (not bound or _is_confirmation(claims["cnf"]))
    )


def _is_time(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _TIME_MAX


def _is_confirmation(value: Any) -> bool:
    """What a caller has to prove, and nothing that it could not."""
    return (
        isinstance(value, dict)
        and bool(value)
        and value.keys() <= _CONFIRMED_BY
        and all(isinstance(item, str) and item for item in value.values())
    )
