"""Which client is asking: one method per request, one cost whoever asks, one answer to failure."""

from datetime import datetime

from gatewright.domain.credential import Secret
from gatewright.sts.client_auth import METHODS, Method
from gatewright.sts.errors import InvalidClient, InvalidRequest
from gatewright.sts.issuer import Issuer
from gatewright.sts.presented import Shown, Verified
from gatewright.sts.proof import Proven
from gatewright.sts.recognized import Known
from gatewright.sts.request import Form, Request
from gatewright.sts.state import State


def authenticate(state: State, issuer: Issuer, request: Request, form: Form) -> Proven:
    """The client that proved itself to this issuer.

    A header that proved it before is recognised as long as the secret is what it was. Raises
    InvalidRequest for more than one method (RFC 6749 §2.3), TooManyFailures before a secret is
    hashed or a signature verified, InvalidClient otherwise: in equal bytes for an unknown client,
    a wrong proof and an expired one, and for secrets at equal cost. Raises KeysNeeded, and
    TemporarilyUnavailable where a client's keys can not be read.
    """
    now = state.world.now()
    mark = state.recognized.mark(request, form)
    known = state.recognized.get(mark) if mark else None
    if known is not None and known.holds(state.client(known.client_id, issuer), now):
        return _again(state, known, request.address, now)
    method, shown = _presented(request, form)
    pair = (shown.client_id, request.address)
    state.limits.check(pair, now)
    try:
        found = method.verified(state, issuer, shown, now)
        if (found is None or not _registered(found)) and state.look_again(now):
            found = method.verified(state, issuer, shown, now)
    except InvalidClient:
        state.limits.failed(pair, now)
        raise
    if found is None:
        state.limits.failed(pair, now)
        raise InvalidClient("the client could not be authenticated.")
    if not _registered(found):
        reason = f"the client is registered for another method than {found.method}."
        raise InvalidClient(reason, way_out="Register its token_endpoint_auth_method anew.")
    state.limits.succeeded(pair, now)
    state.usage.used(found.way, now)
    proven = Proven(found.client, found.method, found.singles)
    if mark and isinstance(found.way, Secret):
        state.recognized.remember(mark, Known(shown.client_id, found.way, proven))
    return proven


def _registered(found: Verified) -> bool:
    """Whether the client may prove itself so (RFC 7591 §2, token_endpoint_auth_method)."""
    methods = found.client.credential.auth_methods
    return methods is None or found.method in methods


def _again(state: State, known: Known, address: str, now: datetime) -> Proven:
    """The client whose secret is shown once more, within the same limits as at first."""
    pair = (known.client_id, address)
    state.limits.check(pair, now)
    state.limits.succeeded(pair, now)
    state.usage.used(known.secret, now)
    return known.proven


def _presented(request: Request, form: Form) -> tuple[Method, Shown]:
    found: tuple[Method, Shown] | None = None
    for method in METHODS:
        shown = method.presented(request, form)
        if shown is None:
            continue
        if found is not None:
            raise InvalidRequest("more than one client authentication method is used.")
        found = (method, shown)
    if found is None:
        raise InvalidClient("no client authentication of a supported method is included.")
    named = form.get("client_id")
    if named is not None and named != found[1].client_id:
        raise InvalidClient("client_id is not that of the authenticated client.", "client_id")
    return found
