"""Makes a JWT access token (RFC 9068) out of what was decided; it decides nothing itself."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from gatewright.domain.token import SUBJECT_CLAIM
from gatewright.domain.world import World, seconds
from gatewright.sts.errors import TemporarilyUnavailable
from gatewright.sts.issuer import Issuer
from gatewright.sts.records import Client

JTI_BYTES = 16


@dataclass(frozen=True, slots=True)
class Granted:
    """A token and what goes with it (RFC 6749 §5.1). `expires_in` is in seconds."""

    access_token: str = field(repr=False)
    expires_in: int
    scope: str

    def members(self) -> dict[str, str | int]:
        """The token response; `scope` is left out when it is empty (RFC 6749 §3.3)."""
        found: dict[str, str | int] = {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
        }
        return found | {"scope": self.scope} if self.scope else found


def mint(
    world: World,
    issuer: Issuer,
    client: Client,
    subject: str,
    scope: str,
    audience: Sequence[str],
    lifetime_seconds: int,
) -> Granted:
    """Sign a new token. Raises TemporarilyUnavailable when no key is active or nobody listens."""
    if issuer.sign is None or not audience:
        what = "active signing key" if audience else "environment"
        raise TemporarilyUnavailable(f"the issuer has no {what}.", retry_after_seconds=5)
    now = seconds(world.now())
    claims: dict[str, object] = {
        "iss": issuer.url,
        "sub": subject,
        "client_id": client.credential.client_id,
        "aud": audience[0] if len(audience) == 1 else audience,
        "iat": now,
        "exp": now + lifetime_seconds,
        "jti": urlsafe_b64encode(world.random_bytes(JTI_BYTES))[:22].decode(),
        SUBJECT_CLAIM: client.credential.subject_key,
    }
    if scope:
        claims["scope"] = scope
    token = issuer.sign(orjson.dumps(claims)).decode()
    return Granted(token, lifetime_seconds, scope)
