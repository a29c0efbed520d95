"""private_key_jwt (RFC 7523 §3, rfc7523bis): a client signs for itself with a registered key."""

from datetime import datetime

from gatewright.crypto.foreign import NotValid
from gatewright.domain.authenticator import Method
from gatewright.domain.world import moment, seconds
from gatewright.sts.client_auth import claims, signers
from gatewright.sts.errors import InvalidClient
from gatewright.sts.issuer import Issuer
from gatewright.sts.presented import ShownAssertion, Verified
from gatewright.sts.proof import Single
from gatewright.sts.proofs import used_proof
from gatewright.sts.state import State

METHOD = Method.PRIVATE_KEY_JWT
LIFETIME_SECONDS_MAX = 300
JTI_LENGTH_MAX = 128


def verified(state: State, issuer: Issuer, shown: ShownAssertion, now: datetime) -> Verified | None:
    """The client whose key signed; the assertion is good once. Raises NotValid, KeysNeeded."""
    ends = claims.expiry(shown, seconds(now), LIFETIME_SECONDS_MAX)
    jti = _checked_jti(issuer, shown)
    client = state.client(shown.client_id, issuer)
    if client is None:
        return None
    way = signers.signer(
        state,
        shown,
        (way for way in client.authenticators if way.method == METHOD and way.usable(now)),
    )
    if way is None:
        return None
    proof = used_proof(
        moment(ends * 1_000_000), "client_assertion", client.credential.client_id, jti
    )
    replayed = InvalidClient(
        "the client assertion was used before.", "client_assertion", "Sign a new one each time."
    )
    return Verified(client, METHOD, way, (Single(proof, replayed),))


def _checked_jti(issuer: Issuer, shown: ShownAssertion) -> str:
    said = shown.unverified_claims
    if said.get("sub") != shown.client_id:
        raise NotValid("its iss and its sub must both be the client id.")
    # Only the issuer, and alone: an assertion for another server must be worth nothing here, nor
    # one of ours there (draft-ietf-oauth-rfc7523bis).
    if said.get("aud") not in (issuer.url, [issuer.url]):
        raise NotValid(f"its aud must be {issuer.url} and nothing else.")
    jti = said.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= JTI_LENGTH_MAX:
        raise NotValid(f"its jti must be a text of 1 to {JTI_LENGTH_MAX} characters.")
    return jti
