"""Makes a JWT access token (RFC 9068) out of what was decided; it decides nothing itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from gatewright.crypto.signing import base64url
from gatewright.domain.token import BOUND_SUBJECT_CLAIM, SUBJECT_CLAIM
from gatewright.domain.world import World, seconds
from gatewright.sts.errors import TemporarilyUnavailable
from gatewright.sts.issuer import Issuer
from gatewright.sts.proof import Single
from gatewright.sts.records import Client

JTI_BYTES = 16
DRAFTS_KEPT_MAX = 64


class Granted(NamedTuple):
    """A token and what goes with it (RFC 6749 §5.1). `expires_in` is in seconds, from `at` on.

    Nobody may have it before `singles` are written down as used.
    """

    access_token: str
    expires_in: int
    scope: str
    client_id: str
    jti: str
    at: datetime
    token_type: str = "Bearer"
    issued_token_type: str | None = None
    singles: tuple[Single, ...] = ()

    def __repr__(self) -> str:
        return f"Granted(jti={self.jti!r}, scope={self.scope!r})"

    def members(self) -> dict[str, str | int]:
        """The token response; `scope` is left out when it is empty (RFC 6749 §3.3)."""
        found: dict[str, str | int] = {
            "access_token": self.access_token,
            "token_type": self.token_type,
            "expires_in": self.expires_in,
        }
        if self.scope:
            found["scope"] = self.scope
        if self.issued_token_type:
            found["issued_token_type"] = self.issued_token_type
        return found


def mint(
    world: World,
    issuer: Issuer,
    client: Client,
    subject: str,
    scope: str,
    audience: tuple[str, ...],
    lifetime_seconds: int,
    further: Mapping[str, Any],
) -> Granted:
    """Sign a new token; `further` claims never replace those made here.

    Raises TemporarilyUnavailable when no key is active or nobody listens.
    """
    if issuer.sign is None or not audience:
        what = "active signing key" if audience else "environment"
        raise TemporarilyUnavailable(f"the issuer has no {what}.", retry_after_seconds=1)
    now = world.now()
    jti, begins = base64url(world.random_bytes(JTI_BYTES)), seconds(now)
    claims = b'%b,"iat":%d,"exp":%d,"jti":"%b"}' % (
        _draft(issuer, client, subject, scope, audience, further),
        begins,
        begins + lifetime_seconds,
        jti,
    )
    token, client_id = issuer.sign(claims).decode(), client.credential.client_id
    return Granted(token, lifetime_seconds, scope, client_id, jti.decode(), now)


def _draft(
    issuer: Issuer,
    client: Client,
    subject: str,
    scope: str,
    audience: tuple[str, ...],
    further: Mapping[str, Any],
) -> bytes:
    """The claims that two tokens may share, as JSON without its end; kept with the client, which
    is another object after any change of its rows."""
    key = (issuer.url, subject, scope, audience)
    known = None if further else client.drafts.get(key)
    if known is not None:
        return known
    subject_claim = BOUND_SUBJECT_CLAIM if "cnf" in further else SUBJECT_CLAIM
    claims: dict[str, object] = {
        **further,
        "iss": issuer.url,
        "sub": subject,
        "client_id": client.credential.client_id,
        "aud": audience[0] if len(audience) == 1 else audience,
        subject_claim: client.credential.subject_key,
    }
    if scope:
        claims["scope"] = scope
    draft = orjson.dumps(claims)[:-1]
    if not further and len(client.drafts) < DRAFTS_KEPT_MAX:
        client.drafts[key] = draft
    return draft
