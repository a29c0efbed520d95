"""Access tokens of the issuer itself, shown to it again: alive or nothing."""

from gatewright.crypto.foreign import NotValid
from gatewright.sts.issuer import Issuer
from gatewright.sts.state import State
from gatewright.sts.subjects.subject import Subject, actors, may_act
from gatewright.sts.verify import SignedClaims, signed_claims


def living(state: State, issuer: Issuer, unverified_jwt: str) -> SignedClaims | None:
    """The claims of a token of this issuer that opens something now; else None.

    Not expired; not revoked, alone or with all others of its credential; its client is there and
    not blocked.
    """
    claims = signed_claims(issuer, unverified_jwt, state.world.now())
    client = state.client(claims.client_id, issuer) if claims else None
    if claims is None or client is None or client.application.blocked:
        return None
    current = claims.subject_key == client.credential.subject_key
    ended = state.revoked(claims.jti) or state.revoked(claims.subject_key)
    return claims if current and not ended else None


def subject(state: State, issuer: Issuer, unverified_jwt: str) -> Subject:
    """Whom it is about, with every limit that it has. Raises NotValid; why is told to nobody."""
    found = living(state, issuer, unverified_jwt)
    if found is None:
        raise NotValid("it is no access token of this issuer that is alive.")
    claims = found.members
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    return Subject(
        sub=str(claims["sub"]),
        idp=claims.get("idp"),
        expires_at=found.expires_at,
        scopes=frozenset(str(claims.get("scope", "")).split()),
        audience=frozenset(str(item) for item in named or ()),
        confirmation=claims.get("cnf"),
        actors=actors(claims, None),
        may_act=may_act(claims),
        client_id=found.client_id,
    )
