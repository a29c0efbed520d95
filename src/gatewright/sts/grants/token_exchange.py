"""Token exchange (RFC 8693): a token about one party for a narrower one that another acts with."""

from typing import Any

from gatewright.crypto.foreign import NotValid
from gatewright.domain.world import seconds
from gatewright.sts.authorization import Asked, Authorization
from gatewright.sts.errors import InvalidRequest
from gatewright.sts.subjects import Subject, outside, own
from gatewright.sts.subjects.subject import ACTORS_MAX, check_proven, is_named, kept

grant_type = "urn:ietf:params:oauth:grant-type:token-exchange"
public_clients = False

_TYPE = "urn:ietf:params:oauth:token-type:"
ACCESS_TOKEN, JWT, ID_TOKEN = f"{_TYPE}access_token", f"{_TYPE}jwt", f"{_TYPE}id_token"
_TYPS = {ACCESS_TOKEN: (None, "jwt", "at+jwt"), JWT: (None, "jwt", "at+jwt"),
         ID_TOKEN: (None, "jwt")}  # fmt: skip
"""What the header's `typ` may be for each type; a JWT made for anything else has its own typ."""


def authorize(asked: Asked) -> Authorization:
    """The subject of the subject token, with the client or the actor token's subject as actor.

    Raises InvalidRequest (RFC 8693 §2.2.2) for tokens that are malformed, dead or not trusted.
    """
    form = asked.form
    if form.get("requested_token_type") not in (None, ACCESS_TOKEN):
        raise InvalidRequest(
            "only access tokens are issued.", "requested_token_type", f"Use {ACCESS_TOKEN}."
        )
    subject = _shown(asked, "subject_token")
    actor = _actor(asked)
    _check_may_act(asked, subject, actor)
    return Authorization(
        subject=subject.sub,
        scope_limit=subject.scopes,
        lifetime_seconds_max=subject.expires_at - seconds(asked.state.world.now()),
        audience_limit=subject.audience,
        targets=form.audiences,
        claims={"act": _chained(actor, subject), **kept(subject)},
        issued_token_type=ACCESS_TOKEN,
    )


def _shown(asked: Asked, name: str) -> Subject:
    """The party that a token parameter is about. Raises InvalidRequest, KeysNeeded."""
    jwt, kind = asked.form.need(name), asked.form.need(f"{name}_type")
    if kind not in _TYPS:
        raise InvalidRequest(
            f"{name}_type is not supported.", f"{name}_type", f"Use {' or '.join(_TYPS)}."
        )
    try:
        return _read(asked, jwt, kind)
    except NotValid as error:
        raise InvalidRequest(f"{name} is not accepted: {error.reason}", name) from None


def _read(asked: Asked, jwt: str, kind: str) -> Subject:
    state, issuer = asked.state, asked.issuer
    if outside.unverified_issuer(jwt) == issuer.url:
        if kind == ID_TOKEN:
            raise NotValid("this issuer makes no ID tokens.")
        subject = own.subject(state, issuer, jwt)
    else:
        signed = outside.signed(state, issuer, jwt, lambda manager: manager.token_exchange)
        if signed.typ not in _TYPS[kind]:
            raise NotValid("its typ is that of another kind of token.")
        subject = outside.subject(signed)
    check_proven(subject, asked.confirmation)
    return subject


def _actor(asked: Asked) -> dict[str, str]:
    """Who acts: the client itself, or whom its actor token is about.

    A token of ours names an actor only to the client that it was issued to and is about.
    """
    client_id = asked.client.credential.client_id
    if asked.form.get("actor_token") is None:
        if asked.form.get("actor_token_type") is not None:
            raise InvalidRequest("actor_token is missing.", "actor_token")
        return {"sub": client_id}
    shown = _shown(asked, "actor_token")
    if shown.idp is None and (shown.sub, shown.client_id) != (client_id, client_id):
        raise InvalidRequest("actor_token is of another client.", "actor_token")
    return {"iss": shown.idp, "sub": shown.sub} if shown.idp else {"sub": client_id}


def _check_may_act(asked: Asked, subject: Subject, actor: dict[str, str]) -> None:
    """RFC 8693 §4.4: what the subject token says of its actor is all true of this one."""
    if not is_named(subject, asked.issuer.url, asked.client.credential.client_id, actor):
        raise InvalidRequest("subject_token names another actor in may_act.", "subject_token")


def _chained(actor: dict[str, str], subject: Subject) -> dict[str, Any]:
    """The actor now, with those before inside (RFC 8693 §4.1)."""
    depth, link = 1, subject.actors
    while link is not None:
        depth, link = depth + 1, link.get("act")
    if depth > ACTORS_MAX:
        raise InvalidRequest(
            f"the subject token passed {ACTORS_MAX} actors already.", "subject_token"
        )
    return {**actor, "act": subject.actors} if subject.actors else dict(actor)
