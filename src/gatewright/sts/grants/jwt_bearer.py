"""The JWT bearer grant (RFC 7523 §2.1): a key manager's signed word for a token about its subject.

The client authenticates besides: the assertion says whom the token is about, not who may have it.
"""

from collections.abc import Mapping
from typing import Any

from gatewright.crypto.foreign import NotValid
from gatewright.domain.key_manager import KeyManager
from gatewright.domain.world import moment, seconds
from gatewright.sts.authorization import Asked, Authorization
from gatewright.sts.errors import InvalidGrant
from gatewright.sts.proof import Single
from gatewright.sts.proofs import used_proof
from gatewright.sts.subjects import outside
from gatewright.sts.subjects.subject import check_proven, is_named, kept, text

grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer"
public_clients = False

LIFETIME_SECONDS_MAX = 3600
"""How far ahead an assertion may expire; one that is good for longer is a password."""

_TYPS = (None, "jwt", "authorization-grant+jwt")


def authorize(asked: Asked) -> Authorization:
    """The subject of the assertion, for no longer than the assertion lives.

    Raises InvalidGrant (RFC 7523 §3.1) when it is not accepted, InvalidRequest without one.
    """
    jwt = asked.form.need("assertion")
    try:
        return _authorized(asked, jwt)
    except NotValid as error:
        raise InvalidGrant(f"the assertion is not accepted: {error.reason}", "assertion") from None


def _authorized(asked: Asked, jwt: str) -> Authorization:
    state, now = asked.state, seconds(asked.state.world.now())
    signed = outside.signed(state, asked.issuer, jwt, lambda manager: manager.jwt_bearer)
    if signed.typ not in _TYPS:
        raise NotValid("its typ is that of another kind of token.")
    if signed.expires_at > now + LIFETIME_SECONDS_MAX:
        raise NotValid(f"it expires in more than {LIFETIME_SECONDS_MAX} seconds.")
    subject = outside.subject(signed)
    check_proven(subject, asked.confirmation)
    client_id = asked.client.credential.client_id
    if not is_named(subject, asked.issuer.url, client_id, {"sub": client_id}):
        raise NotValid("its may_act names another actor.")
    acted = {"act": subject.actors} if subject.actors else {}
    return Authorization(
        subject=subject.sub,
        scope_limit=subject.scopes,
        lifetime_seconds_max=signed.expires_at - now,
        claims=kept(subject) | acted,
        singles=_singles(signed.manager, signed.claims, signed.expires_at),
    )


def _singles(manager: KeyManager, claims: Mapping[str, Any], expires_at: int) -> tuple[Single, ...]:
    """An assertion with a `jti` is good once (RFC 7523 §3, point 7)."""
    if "jti" not in claims:
        return ()
    jti = text(claims, "jti")
    proof = used_proof(moment(expires_at * 1_000_000), "jwt-bearer", manager.id, jti)
    return (Single(proof, InvalidGrant("the assertion was used before.", "assertion")),)
