"""Verifies who calls: a token of our own or of a key manager, an API key or a test key.

Signature, issuer, audience and expiry (RFC 9068 §4), cached. The claims go on as internal headers
for the policies after it; what a key manager's claims mean, `foreign` says. The token itself goes
on as well, for the proof of a bound one; every route takes it off the call.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from gatewright.domain.api import BUILT_IN, TOKEN_HEADER
from gatewright.domain.api_key import API_KEY_HEADER, API_KEY_PREFIX, TEST_KEY_HEADER
from gatewright.domain.token import (
    AUDIENCE_CLAIM,
    BOUND_SUBJECT_CLAIM,
    SUBJECT_CLAIM,
    audience_marker,
)
from gatewright.gateway.ir import (
    ApiIr,
    EntranceIr,
    EnvironmentIr,
    IssuerIr,
    KeysIr,
    OperationIr,
)
from gatewright.gateway.xds import names, shapes

TOKENS_CACHED_MAX = 10_000
CLOCK_SKEW_SECONDS = 5
FOREIGN_CLOCK_SKEW_SECONDS = 30
"""Clocks of others are not ours to set."""

STS, API_KEY, TEST_KEY, NOBODY = BUILT_IN, "api-key", "test-key", "nobody"
"""Names of providers; those of key managers are their ids."""

# Envoy takes no empty key set. This point of P-256 was found by hashing a sentence, so that nobody
# knows a private key to it: what an issuer without keys verifies is nothing.
NOBODYS_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "alg": "ES256",
    "kid": "nobody",
    "x": "_3IdfVfCrolVzZ2y1Qdg9NKdeYktGQhZcdaC8f4NvFI",
    "y": "mcxAQS_DbpWF9Thv7g-EH60-qYw7uy9fQPUeztiEqKw",
}
_TYPE = names.FILTERS + "jwt_authn.v3.JwtAuthentication"
_PER_ROUTE = names.FILTERS + "jwt_authn.v3.PerRouteConfig"
_SUBJECT = {shapes.HEADER_SUBJECT: SUBJECT_CLAIM, shapes.HEADER_JTI: "jti"}
# Proofs are of the token in the usual header, so that bound tokens are nobody's in another.
_PROVABLE = {
    shapes.HEADER_KEY: "cnf.jkt",
    shapes.HEADER_CERTIFICATE: "cnf.x5t#S256",
}

Json = dict[str, Any]


def filter_name(environment_id: str) -> str:
    """Told by discovery, so that a new signing key closes no connection."""
    return f"access-token/{environment_id}"


def http_filter(environment: EnvironmentIr) -> Json:
    """Reads its configuration by discovery."""
    discovery = {"config_source": names.ADS_FILTER, "type_urls": [_TYPE]}
    return {"name": filter_name(environment.id), "config_discovery": discovery}


def extensions(environment: EnvironmentIr) -> dict[str, Json]:
    """A provider for each issuer and header, a requirement for each entrance."""
    providers = dict(_providers(environment))
    asked = {item.name: _asked(item, environment, providers) for item in environment.entrances}
    config = {"@type": _TYPE, "providers": providers, "requirement_map": asked}
    return {filter_name(environment.id): config}


def per_api(api: ApiIr) -> Json | None:
    """Every operation needs a token unless it says otherwise."""
    return _per_route(api.entrance)


def per_operation(api: ApiIr, operation: OperationIr) -> Json | None:
    """An anonymous operation reads no token, not even one that is sent."""
    if operation.anonymous:
        return names.DISABLED
    if operation.takes_keys == api.entrance.api_keys:
        return None
    entrance = api.entrance
    return _per_route(
        EntranceIr(entrance.token_header, entrance.issuers, api_keys=operation.takes_keys)
    )


def _per_route(entrance: EntranceIr) -> Json:
    """Envoy refuses every call by a requirement that it does not know."""
    return {"@type": _PER_ROUTE, "requirement_name": entrance.name}


def _asked(entrance: EntranceIr, environment: EnvironmentIr, known: Iterable[str]) -> Json:
    """Any of these, ours first: a token that fits ends the search."""
    found = [_name(id, entrance.token_header) for id in _ids(entrance, environment)]
    found += [API_KEY] if entrance.api_keys else []
    usable = [name for name in (*found, TEST_KEY) if name in known]
    requirements = [{"provider_name": name} for name in usable]
    return requirements[0] if len(usable) == 1 else {"requires_any": {"requirements": requirements}}


def _ids(entrance: EntranceIr, environment: EnvironmentIr) -> list[str]:
    """Whose tokens; NOBODY's where none of those that are asked for is there."""
    wanted = entrance.issuers
    ids = [STS] if wanted is None or STS in wanted else []
    ids += [
        item.id for item in environment.issuers
        if wanted is None or (item.handle in wanted and item.handle != STS)
    ]  # fmt: skip
    return ids or [NOBODY]


def _name(id: str, header: str) -> str:
    return id if header == TOKEN_HEADER else f"{id}@{header}"


def _providers(environment: EnvironmentIr) -> Iterator[tuple[str, Json]]:
    used: dict[str, set[str]] = {}
    for entrance in environment.entrances:
        used.setdefault(entrance.token_header, set()).update(_ids(entrance, environment))
    for header, ids in sorted(used.items()):
        if STS in ids:
            yield _name(STS, header), _ours(environment, header)
        if NOBODY in ids:
            nobody = _provider("urn:gatewright:nobody", ["nobody"], [])
            yield _name(NOBODY, header), nobody | {"from_headers": [_after_scheme(header)]}
        for item in environment.issuers:
            if item.id in ids:
                yield _name(item.id, header), _foreign(item, header)
    if environment.keys is not None:
        yield API_KEY, _api_key(environment.keys)
        yield TEST_KEY, _test_key(environment.keys)


def _ours(environment: EnvironmentIr, header: str) -> Json:
    audiences = [environment.audience, audience_marker(environment.id)]
    claims = _SUBJECT | {shapes.HEADER_SCOPE: "scope", shapes.HEADER_AUDIENCE: AUDIENCE_CLAIM}
    if header == TOKEN_HEADER:
        claims |= {shapes.HEADER_BOUND: BOUND_SUBJECT_CLAIM} | _PROVABLE
    provider = _provider(environment.issuer, audiences, environment.jwks, claims)
    return provider | {"from_headers": [_after_scheme(header)]}


def _foreign(issuer: IssuerIr, header: str) -> Json:
    """A key manager's. What else its claims say, `foreign` reads from the metadata of the call."""
    claims = {shapes.HEADER_ISSUER: "iss", shapes.HEADER_JTI: "jti"}
    claims |= _PROVABLE if header == TOKEN_HEADER else {}
    # With nobody's key at the end, keys that Envoy can not read spoil no others.
    jwks = (*issuer.jwks, json.dumps(NOBODYS_KEY))
    provider = _provider(issuer.issuer, list(issuer.audiences), jwks, claims)
    return provider | {
        "clock_skew_seconds": FOREIGN_CLOCK_SKEW_SECONDS,
        "from_headers": [_after_scheme(header)],
        "payload_in_metadata": issuer.id,
    }


def _api_key(keys: KeysIr) -> Json:
    """One that never expires has no `exp`: it ends by leaving the APIs' maps of subjects."""
    claims = _SUBJECT | {shapes.HEADER_SCOPE: "scope", shapes.HEADER_KEY_SCOPE: "scope"}
    source = {"name": API_KEY_HEADER, "value_prefix": API_KEY_PREFIX}
    provider = _provider(keys.issuer, [keys.api_key_audience], keys.jwks, claims)
    return provider | {"require_expiration": False, "from_headers": [source]}


def _test_key(keys: KeysIr) -> Json:
    claims = _SUBJECT | {
        shapes.HEADER_SCOPE: "scope",
        shapes.HEADER_KEY_SCOPE: "scope",
        shapes.HEADER_AUDIENCE: AUDIENCE_CLAIM,
    }
    provider = _provider(keys.issuer, [keys.test_key_audience], keys.jwks, claims)
    return provider | {"from_headers": [{"name": TEST_KEY_HEADER}]}


def _after_scheme(header: str) -> Json:
    """What follows the first space: one look for every scheme in either case. The routes refuse
    the schemes that are none of ours."""
    return {"name": header, "value_prefix": " "}


def _provider(
    issuer: str, audiences: list[str], jwks: Iterable[str], claims: dict[str, str] | None = None
) -> Json:
    """Without any key it verifies nothing."""
    keys = {"keys": [json.loads(key) for key in jwks] or [NOBODYS_KEY]}
    headers = [{"header_name": key, "claim_name": name} for key, name in (claims or {}).items()]
    return {
        "issuer": issuer,
        "audiences": audiences,
        "require_expiration": True,
        "clock_skew_seconds": CLOCK_SKEW_SECONDS,
        "local_jwks": {"inline_string": json.dumps(keys, sort_keys=True)},
        "forward": True,
        "from_headers": [_after_scheme(TOKEN_HEADER)],
        "jwt_cache_config": {"jwt_cache_size": TOKENS_CACHED_MAX},
        "claim_to_headers": headers,
    }
