"""Verifies the access token: signature, issuer, audience, expiry (RFC 9068 §4), cached.

Its claims go on as internal headers for the policies after it. The token itself goes on as well,
for the proof of a bound one; every route takes it off the call.
"""

import json
from typing import Any

from gatewright.domain.token import (
    AUDIENCE_CLAIM,
    BOUND_SUBJECT_CLAIM,
    SUBJECT_CLAIM,
    audience_marker,
)
from gatewright.gateway.ir import ApiIr, EnvironmentIr, OperationIr
from gatewright.gateway.xds import names, shapes

TOKENS_CACHED_MAX = 10_000
CLOCK_SKEW_SECONDS = 5
_REQUIREMENT = "token"
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


def filter_name(environment_id: str) -> str:
    """Told by discovery, so that a new signing key closes no connection."""
    return f"access-token/{environment_id}"


def http_filter(environment: EnvironmentIr) -> dict[str, Any]:
    """Reads its configuration by discovery."""
    discovery = {"config_source": names.ADS_FILTER, "type_urls": [_TYPE]}
    return {"name": filter_name(environment.id), "config_discovery": discovery}


def extensions(environment: EnvironmentIr) -> dict[str, dict[str, Any]]:
    """One provider: the environment's issuer. Without any key it verifies nothing."""
    keys = {"keys": [json.loads(key) for key in environment.jwks] or [NOBODYS_KEY]}
    provider = {
        "issuer": environment.issuer,
        "audiences": [environment.audience, audience_marker(environment.id)],
        "require_expiration": True,
        "clock_skew_seconds": CLOCK_SKEW_SECONDS,
        "local_jwks": {"inline_string": json.dumps(keys, sort_keys=True)},
        "forward": True,
        # What follows the first space: one look for every scheme in either case. The routes
        # refuse the schemes that are none of ours.
        "from_headers": [{"name": "authorization", "value_prefix": " "}],
        "jwt_cache_config": {"jwt_cache_size": TOKENS_CACHED_MAX},
        "claim_to_headers": [
            {"header_name": shapes.HEADER_SUBJECT, "claim_name": SUBJECT_CLAIM},
            {"header_name": shapes.HEADER_JTI, "claim_name": "jti"},
            {"header_name": shapes.HEADER_SCOPE, "claim_name": "scope"},
            {"header_name": shapes.HEADER_AUDIENCE, "claim_name": AUDIENCE_CLAIM},
            {"header_name": shapes.HEADER_BOUND, "claim_name": BOUND_SUBJECT_CLAIM},
            {"header_name": shapes.HEADER_KEY, "claim_name": "cnf.jkt"},
            {"header_name": shapes.HEADER_CERTIFICATE, "claim_name": "cnf.x5t#S256"},
        ],
    }
    config = {
        "@type": _TYPE,
        "providers": {"sts": provider},
        "requirement_map": {_REQUIREMENT: {"provider_name": "sts"}},
    }
    return {filter_name(environment.id): config}


def per_api(api: ApiIr) -> dict[str, Any] | None:
    """Every operation needs a token unless it says otherwise."""
    return {"@type": _PER_ROUTE, "requirement_name": _REQUIREMENT}


def per_operation(api: ApiIr, operation: OperationIr) -> dict[str, Any] | None:
    """An anonymous operation reads no token, not even one that is sent."""
    return names.DISABLED if operation.anonymous else None
