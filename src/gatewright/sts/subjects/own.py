"""Access tokens of the issuer itself, shown to it again: alive or nothing."""

from gatewright.crypto.foreign import NotValid
from gatewright.domain.token import EXCHANGED_CLAIM
from gatewright.sts import scopes, targets
from gatewright.sts.errors import InvalidTarget
from gatewright.sts.issuer import Issuer
from gatewright.sts.state import State
from gatewright.sts.subjects.subject import Subject, actors, may_act
from gatewright.sts.verify import SignedClaims, signed_claims


def living(state: State, issuer: Issuer, unverified_jwt: str) -> SignedClaims | None:
    """The claims of a token of this issuer that opens something now; else None.

    Not expired; not revoked, alone or with all others of its credential; its client is there and
    not blocked. If it was got by exchange, so is the client it is about, or whoever vouches for
    its subject is still trusted.
    """
    claims = signed_claims(issuer, unverified_jwt, state.world.now())
    if claims is None or state.revoked(claims.jti):
        return None
    if claims.subject_key.rpartition(".")[0] != claims.client_id:
        return None
    keys = [claims.subject_key, claims.members.get(EXCHANGED_CLAIM, claims.subject_key)]
    if not all(_is_current(state, issuer, key) for key in keys):
        return None
    idp = claims.members.get("idp")
    trusted = state.records.group("key managers", (issuer.organization.id, idp)) if idp else []
    return claims if idp is None or any(row.enabled for row in trusted) else None


def _is_current(state: State, issuer: Issuer, subject_key: str) -> bool:
    client = state.client(subject_key.rpartition(".")[0], issuer)
    if client is None or client.application.blocked or state.revoked(subject_key):
        return False
    return client.credential.subject_key == subject_key


def _meant(state: State, issuer: Issuer, found: SignedClaims) -> frozenset[str]:
    """The token's scopes, qualified: a short name means the APIs of the client it was issued to,
    and must not open another client's."""
    names = frozenset(str(found.members.get("scope", "")).split())
    client = state.client(found.client_id, issuer)
    audience = found.members["aud"]
    limit = frozenset([audience] if isinstance(audience, str) else audience)
    try:
        reach = targets.audience(state.records, issuer, (), limit).reach
    except InvalidTarget:
        return frozenset()
    return scopes.meant(state.records, issuer, client, names, reach) if client else frozenset()


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
        scopes=_meant(state, issuer, found),
        audience=frozenset(str(item) for item in named or ()),
        confirmation=claims.get("cnf"),
        actors=actors(claims, None),
        may_act=may_act(claims),
        client_id=found.client_id,
        subject_key=claims.get(EXCHANGED_CLAIM) or _key_of_client(found),
    )


def _key_of_client(found: SignedClaims) -> str | None:
    """Of a token about the very client that it was issued to."""
    return found.subject_key if found.members["sub"] == found.client_id else None
