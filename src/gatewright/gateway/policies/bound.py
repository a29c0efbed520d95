"""Has the proof of a bound token checked (RFC 9449, RFC 8705) by the decision service.

Ordinary bearer tokens never reach it. The service writes the subject of a token that was proven;
the token's own claim is no subject, so that it would be nobody's if this filter were not there.
"""

from typing import Any

from gatewright.domain.api import TOKEN_HEADER
from gatewright.gateway.ir import ApiIr, EnvironmentIr, OperationIr
from gatewright.gateway.xds import names, shapes

NAME = "bound"
CLUSTER = "gatewright-proofs"
METADATA_URL = "gatewright-url"
"""What the service is told by gRPC metadata: the gateway's public URL."""

DECISION_SECONDS_MAX = 0.5
_TYPE = names.FILTERS + "ext_authz.v3.ExtAuthz"


def filter_name(environment_id: str) -> str:
    """The same in each environment."""
    return NAME


def http_filter(environment: EnvironmentIr) -> dict[str, Any]:
    """For a token that is bound, and for one that comes as if it were. Only then is the filter made
    that asks the service; without the service these are refused with 503.

    Where no token is verified no header says so, and nothing is asked.
    """
    bound = shapes.like(shapes.HEADER_BOUND, ".*")
    as_bound = shapes.like("authorization", "(?i:dpop) .*")
    ordinary = shapes.like(shapes.HEADER_SUBJECT, ".*")
    disguised = {"and_matcher": {"predicate": [as_bound, ordinary]}}
    asked = {"or_matcher": {"predicate": [bound, disguised]}}
    matcher = shapes.run_if(asked, {"name": NAME, "typed_config": _asking(environment)})
    composite = {"@type": shapes.COMPOSITE}
    return {"name": NAME, "typed_config": shapes.matched(NAME, composite, matcher)}


def _asking(environment: EnvironmentIr) -> dict[str, Any]:
    service = {
        "envoy_grpc": {"cluster_name": CLUSTER},
        "timeout": f"{DECISION_SECONDS_MAX}s",
        "initial_metadata": [{"key": METADATA_URL, "value": environment.audience}],
    }
    return {
        "@type": _TYPE,
        "transport_api_version": "V3",
        "grpc_service": service,
        "failure_mode_allow": False,
        "status_on_error": {"code": "ServiceUnavailable"},
        "include_peer_certificate": True,
        "encode_raw_headers": True,  # so that two headers of one name are seen as two
    }


def extensions(environment: EnvironmentIr) -> dict[str, dict[str, Any]]:
    """None."""
    return {}


def per_api(api: ApiIr) -> dict[str, Any] | None:
    """A proof is of the token in the usual header: in another, a bound one is nobody's."""
    return None if api.entrance.token_header == TOKEN_HEADER else names.DISABLED


def per_operation(api: ApiIr, operation: OperationIr) -> dict[str, Any] | None:
    """Nothing differs by operation: an anonymous one has no token verified."""
    return None
