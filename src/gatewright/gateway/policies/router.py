"""Forwards the call; the last of every chain."""

from typing import Any

from gatewright.gateway.ir import ApiIr, EnvironmentIr, OperationIr
from gatewright.gateway.xds import names


def filter_name(environment_id: str) -> str:
    """The same in each environment."""
    return names.ROUTER_NAME


def http_filter(environment: EnvironmentIr) -> dict[str, Any]:
    """The same in each environment."""
    return forward()


def forward() -> dict[str, Any]:
    """Without statistics that nobody reads and without headers about Envoy."""
    config = {
        "@type": names.FILTERS + "router.v3.Router",
        "dynamic_stats": False,
        "suppress_envoy_headers": True,
    }
    return {"name": names.ROUTER_NAME, "typed_config": config}


def extensions(environment: EnvironmentIr) -> dict[str, dict[str, Any]]:
    """None."""
    return {}


def per_api(api: ApiIr) -> dict[str, Any] | None:
    """Nothing differs by API."""
    return None


def per_operation(api: ApiIr, operation: OperationIr) -> dict[str, Any] | None:
    """Nothing differs by operation."""
    return None
