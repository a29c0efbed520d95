"""Binds a token to a key that only its client has (RFC 9449, RFC 8705), or demands that it be.

A DPoP proof binds to its key. A certificate binds when the client authenticated by it, or
registered for that. With both, the proof decides, and the certificate is named beside its key
only where the client's registration demands it: whoever names two has to prove two.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gatewright.crypto import certificates, dpop
from gatewright.crypto.dpop import DpopProof, InvalidProof, NonceWanted
from gatewright.domain.authenticator import Method
from gatewright.domain.world import seconds
from gatewright.sts.errors import InvalidDpopProof, InvalidRequest, UseDpopNonce
from gatewright.sts.issuer import Issuer
from gatewright.sts.proof import Proven, Single
from gatewright.sts.proofs import used_proof
from gatewright.sts.request import Request
from gatewright.sts.state import State

KEY_THUMBPRINT, CERTIFICATE_THUMBPRINT = "jkt", "x5t#S256"
"""Members of `cnf` (RFC 9449 §6.1, RFC 8705 §3.1)."""

_BY_CERTIFICATE = frozenset({Method.TLS_CLIENT_AUTH, Method.SELF_SIGNED_TLS_CLIENT_AUTH})
_REPLAYED = InvalidDpopProof("the proof was used before.", "jti", "Make one for each request.")


@dataclass(frozen=True, slots=True)
class Binding:
    """`confirmation` becomes the token's `cnf` (RFC 7800 §3.1); empty, it is a bearer token."""

    token_type: str = "Bearer"
    confirmation: Mapping[str, str] = field(default_factory=dict)
    singles: tuple[Single, ...] = ()


_BEARER = Binding()


def bind(state: State, issuer: Issuer, request: Request, proven: Proven) -> Binding:
    """What the token will be bound to.

    Raises InvalidDpopProof, UseDpopNonce, and InvalidRequest where a certificate is missing.
    """
    credential = proven.client.credential
    needs_certificate = credential.tls_client_certificate_bound_access_tokens
    if request.dpop:
        proof = _proof(state, issuer, request)
        confirmation = {KEY_THUMBPRINT: proof.jkt}
        if needs_certificate:
            confirmation |= _certificate(request)
        expiry = datetime.fromtimestamp(proof.expires_at + 1, UTC)
        used = used_proof(expiry, "dpop", issuer.url, proof.jkt, proof.jti)
        return Binding("DPoP", confirmation, (Single(used, _REPLAYED),))
    if credential.dpop_bound_access_tokens:
        raise InvalidDpopProof("this client needs a DPoP proof.", "DPoP", "Send a DPoP header.")
    if needs_certificate or proven.method in _BY_CERTIFICATE:
        return Binding(confirmation=_certificate(request))
    return _BEARER


def _proof(state: State, issuer: Issuer, request: Request) -> DpopProof:
    """The one proof of the request (RFC 9449 §5)."""
    if len(request.dpop) > 1:
        raise InvalidDpopProof("there is more than one DPoP header.", "DPoP", "Send one.")
    now, nonces = state.world.now(), state.nonces
    try:
        return dpop.check(
            request.dpop[0].decode("latin-1"),
            method="POST",
            url=f"{issuer.url}/token",
            now=seconds(now),
            access_token=None,
            nonce_is_good=None if nonces is None else lambda nonce: nonces.good(nonce, now),
        )
    except NonceWanted as wanted:
        nonce = "" if nonces is None else nonces.now(now)
        raise UseDpopNonce(wanted.reason, "nonce", nonce=nonce) from None
    except InvalidProof as invalid:
        raise InvalidDpopProof(invalid.reason, "DPoP") from None


def _certificate(request: Request) -> Mapping[str, str]:
    """The thumbprint of the connection's certificate. Without one there is nothing to bind to,
    and RFC 8705 §3 lets the server refuse rather than issue a token that anybody may use."""
    if request.certificate is None:
        raise InvalidRequest(
            "this client needs a TLS client certificate.",
            way_out="Call the token endpoint over mutual TLS.",
        )
    return {CERTIFICATE_THUMBPRINT: certificates.thumbprint(request.certificate)}
