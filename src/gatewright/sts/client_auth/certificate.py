"""A TLS client certificate (RFC 8705 §2): one that an authority issued, or one that is registered.

Whoever ended the TLS connection has checked that the client holds the key. A certificate beside
another method is no second method: it is there for binding tokens.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from cryptography.x509 import Certificate

from gatewright.crypto import certificates
from gatewright.crypto.foreign import NotValid
from gatewright.domain.authenticator import Authenticator, Method
from gatewright.sts.issuer import Issuer
from gatewright.sts.presented import ShownCertificate, Verified
from gatewright.sts.request import Form, Request
from gatewright.sts.state import State

name = Method.TLS_CLIENT_AUTH
_Check = Callable[[State, Authenticator, Certificate, Sequence[bytes], datetime], bool]


def presented(request: Request, form: Form) -> ShownCertificate | None:
    """The certificate, when a client id stands alone in the body (RFC 8705 §2)."""
    client_id = form.get("client_id")
    if request.certificate is None or client_id is None or request.authorization:
        return None
    if form.get("client_secret") is not None or form.get("client_assertion") is not None:
        return None
    return ShownCertificate(client_id, request.certificate, request.chain)


def verified(
    state: State, issuer: Issuer, shown: ShownCertificate, now: datetime
) -> Verified | None:
    """The client whose certificate it is; nothing is read or verified for an unknown one."""
    client = state.client(shown.client_id, issuer)
    ways = [way for way in client.authenticators if way.usable(now)] if client else []
    for way in ways:
        check = _CHECKS.get(way.method)
        if client and check and _holds(check, state, way, shown, now):
            return Verified(client, way.method, way)
    return None


def _holds(
    check: _Check, state: State, way: Authenticator, shown: ShownCertificate, now: datetime
) -> bool:
    try:
        leaf = certificates.from_der(shown.certificate)
        return certificates.is_current(leaf, now) and check(state, way, leaf, shown.chain, now)
    except NotValid:
        return False


def _is_issued(
    state: State, way: Authenticator, leaf: Certificate, chain: Sequence[bytes], now: datetime
) -> bool:
    """By an authority of this authenticator, or of the installation if it names none."""
    settings = way.settings
    subjects = [item for item in settings.items() if item[0] in certificates.SUBJECTS]
    if len(subjects) != 1 or not certificates.SUBJECTS[subjects[0][0]](leaf, subjects[0][1]):
        return False
    own = settings.get("authorities")
    trusted = certificates.from_pem(own) if own else state.client_authorities
    others = [certificates.from_der(der) for der in chain[: certificates.CHAIN_LENGTH_MAX]]
    return certificates.is_chained(leaf, others, trusted, now)


def _is_registered(
    _state: State, way: Authenticator, leaf: Certificate, _chain: Sequence[bytes], _now: datetime
) -> bool:
    return leaf in certificates.from_pem(way.settings["certificates"])


_CHECKS: Mapping[Method, _Check] = {
    Method.TLS_CLIENT_AUTH: _is_issued,
    Method.SELF_SIGNED_TLS_CLIENT_AUTH: _is_registered,
}
