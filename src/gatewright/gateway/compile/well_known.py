"""What a gateway tells of its APIs, to anybody (RFC 9728): the token service answers."""

from typing import Any

from gatewright.gateway.compile.services import STS
from gatewright.gateway.ir import EnvironmentIr
from gatewright.gateway.lower import RESOURCE_METADATA
from gatewright.gateway.policies import POLICIES
from gatewright.gateway.xds import names

Json = dict[str, Any]
ANSWERED_AT = "/protected-resource"
_TIMEOUT_SECONDS = 5
_FOLDER = ".well-known"


def routes_name(environment_id: str) -> str:
    """No API has this name: its first part is no environment."""
    return f"{_FOLDER}/{environment_id}"


def scope_name(environment_id: str) -> str:
    """The place, unlike any API's: their contexts begin with a letter or digit."""
    return f"{environment_id}{RESOURCE_METADATA}"


def scope(environment: EnvironmentIr) -> Json:
    """Leads there, whatever APIs there are."""
    fragments = (environment.id, *RESOURCE_METADATA[1:].split("/"))
    return {
        "@type": names.SCOPE,
        "name": scope_name(environment.id),
        "route_configuration_name": routes_name(environment.id),
        "key": {"fragments": [{"string_key": fragment} for fragment in fragments]},
    }


def route_configuration(environment: EnvironmentIr) -> Json:
    """One document for each API; reading only, and no policy."""
    base = RESOURCE_METADATA.replace(".", "\\.")
    match = {"safe_regex": {"regex": f"{base}/[^/]+/[^/]+"}}
    rewrite = {
        "pattern": {"regex": f"^{base}"},
        "substitution": f"{ANSWERED_AT}/{environment.id}",
    }
    reading = {"name": ":method", "string_match": {"safe_regex": {"regex": "GET|HEAD"}}}
    action = {"cluster": STS, "timeout": f"{_TIMEOUT_SECONDS}s", "regex_rewrite": rewrite}
    refused = {
        "match": match,
        "direct_response": {"status": 405},
        "response_headers_to_add": [{"header": {"key": "allow", "value": "GET, HEAD"}}],
    }
    host = {
        "name": "metadata",
        "domains": ["*"],
        "routes": [{"match": {**match, "headers": [reading]}, "route": action}, refused],
        "typed_per_filter_config": _no_policy(environment),
    }
    return {
        "@type": names.ROUTES,
        "name": routes_name(environment.id),
        "virtual_hosts": [host],
        "request_headers_to_remove": [
            "authorization",
            "cookie",
            "dpop",
            "api-key",
            "test-key",
            "x-gw-route",
        ],
    }


def _no_policy(environment: EnvironmentIr) -> Json:
    """All but the last, which forwards."""
    return {policy.filter_name(environment.id): names.DISABLED for policy in POLICIES[:-1]}
