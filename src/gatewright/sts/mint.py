"""Makes a JWT access token (RFC 9068) out of what was decided; it decides nothing itself."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from gatewright.domain.token import BOUND_SUBJECT_CLAIM, SUBJECT_CLAIM
from gatewright.domain.world import World, seconds
from gatewright.sts.errors import TemporarilyUnavailable
from gatewright.sts.issuer import Issuer
from gatewright.sts.proof import Single
from gatewright.sts.records import Client

JTI_BYTES = 16


class Granted(NamedTuple):
    """A token and what goes with it (RFC 6749 §5.1). `expires_in` is in seconds.

    Nobody may have it before `singles` are written down as used.
    """

    access_token: str
    expires_in: int
    scope: str
    client_id: str
    jti: str
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
    audience: Sequence[str],
    lifetime_seconds: int,
    further: Mapping[str, Any],
) -> Granted:
    """Sign a new token; `further` claims never replace those made here.

    Raises TemporarilyUnavailable when no key is active or nobody listens.
    """
    if issuer.sign is None or not audience:
        what = "active signing key" if audience else "environment"
        raise TemporarilyUnavailable(f"the issuer has no {what}.", retry_after_seconds=1)
    now = seconds(world.now())
    jti = urlsafe_b64encode(world.random_bytes(JTI_BYTES))[:22].decode()
    subject_claim = BOUND_SUBJECT_CLAIM if "cnf" in further else SUBJECT_CLAIM
    claims: dict[str, object] = {
        **further,
        "iss": issuer.url,
        "sub": subject,
        "client_id": client.credential.client_id,
        "aud": audience[0] if len(audience) == 1 else audience,
        "iat": now,
        "exp": now + lifetime_seconds,
        "jti": jti,
        subject_claim: client.credential.subject_key,
    }
    if scope:
        claims["scope"] = scope
    token = issuer.sign(orjson.dumps(claims)).decode()
    return Granted(token, lifetime_seconds, scope, client.credential.client_id, jti)
