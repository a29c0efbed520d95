"""Which client is asking: one method per request, one cost whoever asks, one answer to failure."""

import hmac
from datetime import datetime

from gatewright.domain.credential import Secret
from gatewright.sts.client_auth import METHODS
from gatewright.sts.errors import InvalidClient, InvalidRequest
from gatewright.sts.issuer import Issuer
from gatewright.sts.presented import Presented
from gatewright.sts.proof import Proven
from gatewright.sts.records import SLOTS_OF_NOBODY, Client
from gatewright.sts.request import Form, Request
from gatewright.sts.state import State

SECRET_LENGTH_MAX = 1024
_NO_DIGEST = "?" * 64  # of a pepper that is gone: as long as a digest, and equal to none


def authenticate(state: State, issuer: Issuer, request: Request, form: Form) -> Proven:
    """The client that proved itself to this issuer.

    Raises InvalidRequest for more than one method (RFC 6749 §2.3), TooManyFailures before any
    hash, InvalidClient otherwise, in equal bytes and at equal cost for every cause.
    """
    presented, method = _presented(request, form)
    now = state.world.now()
    pair = (presented.client_id, request.address)
    state.limits.check(pair, now)
    found = _verified(state, issuer, presented, now)
    if found is None and state.look_again(now):
        found = _verified(state, issuer, presented, now)
    if found is None:
        state.limits.failed(pair, now)
        raise InvalidClient("the client could not be authenticated.")
    client, secret = found
    state.limits.succeeded(pair, now)
    state.usage.used(secret, now)
    return Proven(client, method)


def _presented(request: Request, form: Form) -> tuple[Presented, str]:
    shown = [(method.presented(request, form), method.name) for method in METHODS]
    found = [(item, name) for item, name in shown if item]
    assertions = form.get("client_assertion") is not None
    if len(found) + assertions > 1:
        raise InvalidRequest("more than one client authentication method is used.")
    if not found:
        raise InvalidClient("no client authentication of a supported method is included.")
    named = form.get("client_id")
    if named is not None and named != found[0][0].client_id:
        raise InvalidClient("client_id is not that of the authenticated client.", "client_id")
    return found[0]


def _verified(
    state: State, issuer: Issuer, presented: Presented, now: datetime
) -> tuple[Client, Secret] | None:
    """The same hashes and comparisons are made for a client that does not exist."""
    client = state.client(presented.client_id, issuer)
    slots = client.slots if client else SLOTS_OF_NOBODY
    match: Secret | None = None
    for secret in presented.secrets:
        digests = _digests(state, secret if len(secret) <= SECRET_LENGTH_MAX else "")
        for slot in slots:
            equal = hmac.compare_digest(digests.get(slot.pepper_id, _NO_DIGEST), slot.digest)
            if equal and slot.usable(now):
                match = slot
    return (client, match) if client and match else None


def _digests(state: State, secret: str) -> dict[str, str]:
    """One keyed hash for each pepper of the installation, whichever the client's secrets use."""
    keyring = state.keyring
    return {pepper_id: keyring.digest(secret, pepper_id) for pepper_id in keyring.peppers}
