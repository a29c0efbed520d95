"""Whether a text is a token of an issuer that lives; why not is told to nobody."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gatewright.crypto.jose import NotOurs, unverified_header, verify
from gatewright.crypto.signing import ACCESS_TOKEN_TYPE
from gatewright.domain.token import BOUND_SUBJECT_CLAIM, SUBJECT_CLAIM
from gatewright.domain.world import seconds
from gatewright.sts.issuer import Issuer


@dataclass(frozen=True, slots=True)
class SignedClaims:
    """Claims that a key of the issuer signed and whose time has not passed."""

    jti: str
    client_id: str
    subject_key: str
    expires_at: int
    members: dict[str, Any]


def signed_claims(issuer: Issuer, unverified_jwt: str, now: datetime) -> SignedClaims | None:
    """The claims if signature, type, issuer and time are right (RFC 9068 §4); else None.

    Whether it was revoked is another question.
    """
    try:
        key = issuer.keys.get(unverified_header(unverified_jwt).kid)
        claims = verify(unverified_jwt, key, ACCESS_TOKEN_TYPE) if key else None
    except NotOurs:
        return None
    if claims is None or claims.get("iss") != issuer.url:
        return None
    jti, client_id = claims.get("jti"), claims.get("client_id")
    subject_key = claims.get(BOUND_SUBJECT_CLAIM if "cnf" in claims else SUBJECT_CLAIM)
    expires_at = claims.get("exp")
    texts = isinstance(jti, str) and isinstance(client_id, str) and isinstance(subject_key, str)
    if not texts or not isinstance(expires_at, int) or seconds(now) >= expires_at:
        return None
    return SignedClaims(str(jti), str(client_id), str(subject_key), expires_at, claims)
