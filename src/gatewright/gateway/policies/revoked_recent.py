"""Refuses revoked tokens by their `jti`: the newest revocations, re-sent at once.

The lists themselves are compiled apart from the environments that share them.
"""

from typing import Any

from gatewright.gateway.ir import ApiIr, EnvironmentIr, OperationIr
from gatewright.gateway.xds import names, shapes

PREFIX = "revoked-recent/"
_POLICIES_KEY = "revoked-recent"


def filter_name(environment_id: str) -> str:
    """Only the connection manager names this filter, by its deny list."""
    return _POLICIES_KEY


def http_filter(environment: EnvironmentIr) -> dict[str, Any]:
    """Reads the list of the environment's issuer by discovery."""
    discovery = {"config_source": names.ADS_FILTER, "type_urls": [shapes.MATCHED_FILTER]}
    return {"name": PREFIX + environment.deny_list, "config_discovery": discovery}


def extensions(environment: EnvironmentIr) -> dict[str, dict[str, Any]]:
    """None of the environment's own."""
    return {}


def per_api(api: ApiIr) -> dict[str, Any] | None:
    """Nothing differs by API: without a token there is no jti, and the list lets pass."""
    return None


def per_operation(api: ApiIr, operation: OperationIr) -> dict[str, Any] | None:
    """Nothing differs by operation."""
    return None
