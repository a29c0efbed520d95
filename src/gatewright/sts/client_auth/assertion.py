"""A JWT as client authentication (RFC 7523 §2.2): one's own, or one of a trusted outside issuer.

What the JWT says wrong is told, as it does not depend on the client; that a client is unknown,
has no such key, or that the signature is wrong, all reads the same. For an unknown client no
signature is verified: whether a client id exists may show in time, never what it proves itself by.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gatewright.crypto import foreign
from gatewright.crypto.foreign import NotValid
from gatewright.sts.client_auth import federated, own_key
from gatewright.sts.errors import InvalidClient, InvalidRequest
from gatewright.sts.issuer import Issuer
from gatewright.sts.presented import ShownAssertion, Verified
from gatewright.sts.request import Form, Request
from gatewright.sts.state import State

name = own_key.METHOD
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def presented(request: Request, form: Form) -> ShownAssertion | None:
    """The JWT and whom it is said to be of. Raises InvalidRequest beside another method,
    InvalidClient when it can not be read."""
    jwt = form.get("client_assertion")
    if jwt is None:
        return None
    if request.authorization or form.get("client_secret") is not None:
        raise InvalidRequest("more than one client authentication method is used.")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise InvalidClient(
            f"client_assertion_type must be {ASSERTION_TYPE}.", "client_assertion_type"
        )
    try:
        claims = foreign.unverified_claims(jwt)
    except NotValid as error:
        raise InvalidClient(f"the client assertion is refused: {error.reason}") from None
    return ShownAssertion(form.get("client_id") or _own_subject(claims), jwt, claims)


def _own_subject(claims: Mapping[str, Any]) -> str:
    """The client that says to be itself; for what another issuer signed it must be named."""
    subject = claims.get("sub")
    return subject if isinstance(subject, str) and subject == claims.get("iss") else ""


def verified(state: State, issuer: Issuer, shown: ShownAssertion, now: datetime) -> Verified | None:
    """Whose it is, if it is true. Raises InvalidClient for what it says wrong, KeysNeeded."""
    is_own = shown.unverified_claims.get("iss") == shown.client_id
    try:
        if is_own:
            return own_key.verified(state, issuer, shown, now)
        return federated.verified(state, issuer, shown, now)
    except NotValid as error:
        raise InvalidClient(f"the client assertion is refused: {error.reason}") from None
