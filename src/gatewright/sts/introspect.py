"""What a client may learn about a token (RFC 7662): everything about its own, nothing of others."""

from typing import Any

from gatewright.sts.issuer import Issuer
from gatewright.sts.records import Client
from gatewright.sts.request import Form
from gatewright.sts.state import State
from gatewright.sts.verify import SignedClaims, signed_claims

INACTIVE: dict[str, Any] = {"active": False}
_TOLD = ("scope", "client_id", "exp", "iat", "sub", "aud", "iss", "jti")


def introspect(state: State, issuer: Issuer, client: Client, form: Form) -> dict[str, Any]:
    """The members of the answer to this client. Raises InvalidRequest when `token` is missing.

    A token of another client, an unknown one, an expired and a revoked one answer all the same
    (RFC 7662 §2.2); `token_type_hint` changes nothing.
    """
    claims = signed_claims(issuer, form.need("token"), state.world.now())
    if claims is None or claims.client_id != client.credential.client_id:
        return INACTIVE
    if not is_alive(state, client, claims):
        return INACTIVE
    told = {name: claims.members[name] for name in _TOLD if name in claims.members}
    return {"active": True, "token_type": "Bearer"} | told


def is_alive(state: State, client: Client, claims: SignedClaims) -> bool:
    """Not revoked, alone or with all others of its credential; and not blocked."""
    current = claims.subject_key == client.credential.subject_key
    return current and not client.application.blocked and not state.revoked(claims.jti)
