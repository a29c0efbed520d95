"""Workload federation: an outside issuer's JWT stands for a client that trusts it.

The client keeps no secret. The JWT is not used up, as Kubernetes gives a workload the same one
for a while; that it is of no use elsewhere is the matter of its audience.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from gatewright.crypto.foreign import NotValid
from gatewright.domain.authenticator import Authenticator, Method
from gatewright.domain.claim_pattern import matches
from gatewright.domain.world import seconds
from gatewright.sts.client_auth import claims, signers
from gatewright.sts.issuer import Issuer
from gatewright.sts.presented import ShownAssertion, Verified
from gatewright.sts.state import State

LIFETIME_SECONDS_MAX = 86_400


def verified(state: State, issuer: Issuer, shown: ShownAssertion, now: datetime) -> Verified | None:
    """The client that trusts that issuer and subject. Raises NotValid, KeysNeeded.

    Everything that costs nothing is checked before keys are looked for.
    """
    said = shown.unverified_claims
    if said.get("sub") == said.get("iss"):
        raise NotValid("its iss and its sub must both be the client id, or be an outside issuer's.")
    claims.expiry(shown, seconds(now), LIFETIME_SECONDS_MAX)
    client = state.client(shown.client_id, issuer)
    if client is None:
        return None
    ways = [
        way
        for way in client.authenticators
        if way.method == Method.FEDERATED and way.usable(now) and _trusts(way, issuer, said)
    ]
    way = signers.signer(state, shown, ways)
    return Verified(client, Method.FEDERATED, way) if way else None


def _trusts(way: Authenticator, issuer: Issuer, said: Mapping[str, Any]) -> bool:
    settings = way.settings
    if said.get("iss") != settings["issuer"]:
        return False
    audience = said.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if settings.get("audience", issuer.url) not in named:
        return False
    further = _patterns(settings.get("claims", "{}"))
    wanted = {"sub": settings["subject"]} | further
    return all(matches(pattern, said.get(name)) for name, pattern in wanted.items())


@lru_cache(maxsize=1000)
def _patterns(text: str) -> dict[str, str]:
    found: dict[str, str] = orjson.loads(text)
    return found
