"""Binds a token to a key that only its client has (RFC 9449, RFC 8705), or demands that it be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gatewright.sts.errors import InvalidRequest
from gatewright.sts.issuer import Issuer
from gatewright.sts.proof import Proven, Single
from gatewright.sts.request import Request
from gatewright.sts.state import State


@dataclass(frozen=True, slots=True)
class Binding:
    """`confirmation` becomes the token's `cnf` (RFC 7800 §3.1); empty, it is a bearer token."""

    token_type: str = "Bearer"
    confirmation: Mapping[str, str] = field(default_factory=dict)
    singles: tuple[Single, ...] = ()


def bind(state: State, issuer: Issuer, request: Request, proven: Proven) -> Binding:
    """What the token will be bound to. Raises InvalidRequest when the client must and did not."""
    credential = proven.client.credential
    if credential.dpop_bound_access_tokens:
        raise InvalidRequest("a DPoP proof is needed.", "DPoP")
    if credential.tls_client_certificate_bound_access_tokens:
        raise InvalidRequest("a TLS client certificate is needed.")
    return Binding()
