"""Whether the caller holds the key that its token is bound to (RFC 9449 §7, RFC 8705 §3).

Pure but for the record of proofs it is given. That the token itself holds, Envoy has verified; its
claims come as headers that only Envoy writes.
"""

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gatewright.crypto import dpop
from gatewright.crypto.dpop import DpopProof, InvalidProof, NonceWanted
from gatewright.gateway.lower import REALM
from gatewright.gateway.xds import shapes

ALGORITHMS = " ".join(dpop.ALGORITHMS)
UNAUTHORIZED = 401
_CREDENTIALS = re.compile(r"(bearer|dpop) ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)", re.I)
_UNQUOTED = re.compile(r"[^ !#-\[\]-~]")


@dataclass(frozen=True, slots=True)
class Call:
    """A call as Envoy saw it: `url` is the public one that the caller used, `headers` each line by
    itself under its name in lower case, `certificate` the x5t#S256 of the TLS client's or ""."""

    method: str
    url: str
    headers: Mapping[str, Sequence[str]]
    certificate: str

    def only(self, name: str) -> str:
        """The header's value when there is exactly one; else ""."""
        values = self.headers.get(name, ())
        return values[0] if len(values) == 1 else ""


@dataclass(frozen=True, slots=True)
class Granted:
    """The caller holds the key; `subject` is who it is to the policies that follow."""

    subject: str


@dataclass(frozen=True, slots=True)
class Refused:
    """401 with this `WWW-Authenticate`; `nonce` is one to use from now on."""

    challenge: str
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class Nonces:
    """What `decide` asks for nonces: is one good, which to use, are they always needed."""

    is_good: Callable[[str | None], bool]
    current: Callable[[], str]
    needed: bool = False


class _Refusal(Exception):
    """Why not: the scheme of the challenge, its error code and what may be told."""

    def __init__(self, scheme: str, error: str, reason: str) -> None:
        super().__init__(reason)
        self.scheme, self.error, self.reason = scheme, error, reason


def decide(
    call: Call, now: int, accept: Callable[[DpopProof], bool], nonces: Nonces
) -> Granted | Refused:
    """The decision about one call.

    `accept` remembers a proof and returns whether it may count without a nonce of ours; it raises
    InvalidProof for one that came before.
    """
    try:
        return Granted(_subject(call, now, accept, nonces))
    except NonceWanted as wanted:
        refusal = _Refusal("DPoP", "use_dpop_nonce", wanted.reason)
        return Refused(_challenge(refusal), nonces.current())
    except InvalidProof as invalid:
        return Refused(_challenge(_Refusal("DPoP", "invalid_dpop_proof", invalid.reason)))
    except _Refusal as refusal:
        return Refused(_challenge(refusal))


def _subject(call: Call, now: int, accept: Callable[[DpopProof], bool], nonces: Nonces) -> str:
    scheme, token = _credentials(call)
    subject = call.only(shapes.HEADER_BOUND)
    key, certificate = call.only(shapes.HEADER_KEY), call.only(shapes.HEADER_CERTIFICATE)
    if scheme == "dpop" and not key:
        raise _Refusal("Bearer", "invalid_token", "the token is bound to no DPoP key.")
    if not subject or not (key or certificate):
        raise _Refusal("Bearer", "invalid_token", "the token is bound to nothing known here.")
    if key and scheme != "dpop":
        raise _Refusal("DPoP", "invalid_token", "the token needs the scheme DPoP and a proof.")
    if certificate and not hmac.compare_digest(certificate, call.certificate):
        reason = "the token is bound to another TLS client certificate."
        raise _Refusal("Bearer", "invalid_token", reason)
    if key:
        _check_proof(call, token, key, now, accept, nonces)
    return subject


def _credentials(call: Call) -> tuple[str, str]:
    """Scheme in lower case, and the token, of the one Authorization header."""
    match = _CREDENTIALS.fullmatch(call.only("authorization"))
    if match is None:
        reason = "there must be one Authorization header with one token."
        raise _Refusal("DPoP", "invalid_token", reason)
    return match[1].lower(), match[2]


def _check_proof(
    call: Call,
    token: str,
    key: str,
    now: int,
    accept: Callable[[DpopProof], bool],
    nonces: Nonces,
) -> None:
    if len(call.headers.get("dpop", ())) != 1:
        raise InvalidProof("there must be one DPoP header.")
    proof = dpop.check(
        call.only("dpop"),
        method=call.method,
        url=call.url,
        now=now,
        access_token=token,
        nonce_is_good=nonces.is_good if nonces.needed else None,
    )
    if not hmac.compare_digest(proof.jkt, key):
        raise _Refusal("DPoP", "invalid_token", "the token is bound to another key.")
    if not accept(proof) and not nonces.is_good(proof.nonce):
        raise NonceWanted("this service has just started and needs its nonce.")


def _challenge(refusal: _Refusal) -> str:
    """RFC 9449 §7.1; the reason in the characters that RFC 6750 §3 allows."""
    parameters = [
        f'realm="{REALM}"',
        f'error="{refusal.error}"',
        f'error_description="{_UNQUOTED.sub("?", refusal.reason)}"',
    ]
    if refusal.scheme == "DPoP":
        parameters.append(f'algs="{ALGORITHMS}"')
    return f"{refusal.scheme} {', '.join(parameters)}"
