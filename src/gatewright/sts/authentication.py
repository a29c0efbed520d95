"""Which client is asking: one method per request, one cost whoever asks, one answer to failure."""

from gatewright.sts.client_auth import METHODS, Method
from gatewright.sts.errors import InvalidClient, InvalidRequest
from gatewright.sts.issuer import Issuer
from gatewright.sts.presented import Shown
from gatewright.sts.proof import Proven
from gatewright.sts.request import Form, Request
from gatewright.sts.state import State


def authenticate(state: State, issuer: Issuer, request: Request, form: Form) -> Proven:
    """The client that proved itself to this issuer.

    Raises InvalidRequest for more than one method (RFC 6749 §2.3), TooManyFailures before any
    hash or signature, InvalidClient otherwise: in equal bytes for an unknown client, a wrong proof
    and an expired one, and for secrets at equal cost. Raises KeysNeeded, and
    TemporarilyUnavailable where a client's keys can not be read.
    """
    method, shown = _presented(request, form)
    now = state.world.now()
    pair = (shown.client_id, request.address)
    state.limits.check(pair, now)
    try:
        found = method.verified(state, issuer, shown, now)
        if found is None and state.look_again(now):
            found = method.verified(state, issuer, shown, now)
    except InvalidClient:
        state.limits.failed(pair, now)
        raise
    if found is None:
        state.limits.failed(pair, now)
        raise InvalidClient("the client could not be authenticated.")
    state.limits.succeeded(pair, now)
    state.usage.used(found.way, now)
    return Proven(found.client, found.method, found.singles)


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
