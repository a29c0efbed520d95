"""What a client may learn about a token (RFC 7662): everything about its own, nothing of others.

A client that `introspects_all` is a resource server: it may ask about every token of the issuer.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from gatewright.crypto.signing import INTROSPECTION_TYPE
from gatewright.domain.world import seconds
from gatewright.sts.errors import TemporarilyUnavailable
from gatewright.sts.issuer import Issuer
from gatewright.sts.records import Client
from gatewright.sts.request import Form
from gatewright.sts.state import State
from gatewright.sts.subjects.own import living

INACTIVE: dict[str, Any] = {"active": False}
SIGNED_MEDIA_TYPE = f"application/{INTROSPECTION_TYPE}"
_TOLD = (
    "scope", "client_id", "exp", "iat", "sub", "aud", "iss", "jti", "cnf", "act", "may_act", "idp",
)  # fmt: skip


def introspect(state: State, issuer: Issuer, client: Client, form: Form) -> dict[str, Any]:
    """The members of the answer to this client. Raises InvalidRequest when `token` is missing.

    A token of another client, an unknown one, an expired and a revoked one answer all the same
    (RFC 7662 §2.2); `token_type_hint` changes nothing.
    """
    found = living(state, issuer, form.need("token"))
    credential = client.credential
    if found is None or not (credential.introspects_all or found.client_id == credential.client_id):
        return INACTIVE
    claims = found.members
    told = {name: claims[name] for name in _TOLD if name in claims}
    return {"active": True, "token_type": _token_type(claims)} | told


def wants_signed(accept: bytes) -> bool:
    """Whether the Accept header asks for a signed answer (RFC 9701 §4); wildcards do not."""
    for part in accept.decode("latin-1").lower().split(","):
        name, *parameters = (item.strip() for item in part.split(";"))
        if name == SIGNED_MEDIA_TYPE and not any(_refuses(item) for item in parameters):
            return True
    return False


def signed(state: State, issuer: Issuer, client: Client, told: dict[str, Any]) -> bytes:
    """A signed answer (RFC 9701 §5). It has no `sub` and no `exp` of its own, no claim that the
    gateway looks subscriptions up by, and is for the caller alone: it opens nothing.

    Raises TemporarilyUnavailable when no key is active.
    """
    if issuer.sign_introspection is None:
        raise TemporarilyUnavailable("the issuer has no active signing key.", retry_after_seconds=5)
    claims = {
        "iss": issuer.url,
        "aud": client.credential.client_id,
        "iat": seconds(state.world.now()),
        "token_introspection": told,
    }
    return issuer.sign_introspection(orjson.dumps(claims))


def _token_type(claims: Mapping[str, Any]) -> str:
    """RFC 9449 §6.2; a token bound to a certificate is a Bearer token (RFC 8705 §3)."""
    return "DPoP" if "jkt" in claims.get("cnf", {}) else "Bearer"


def _refuses(parameter: str) -> bool:
    """`q=0`, which is how a client says what it does not want (RFC 9110 §12.4.2)."""
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and not value.strip().strip("0.")
