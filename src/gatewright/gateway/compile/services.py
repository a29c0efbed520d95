"""Clusters of the installation's own services that the gateway calls, on this machine only."""

from typing import Any

from gatewright.gateway.policies import bound
from gatewright.gateway.xds import names

STS = "gatewright-sts"
_CONNECT_SECONDS = 1
_IDLE_SECONDS = 30
"""Shorter than the token service keeps a connection, so that it never closes one under a call."""


def sts(address: tuple[str, int]) -> dict[str, Any]:
    """The token service's workers."""
    host, port = address
    options = {
        "@type": names.HTTP_OPTIONS,
        "common_http_protocol_options": {"idle_timeout": f"{_IDLE_SECONDS}s"},
        "explicit_http_config": {"http_protocol_options": {}},
    }
    return _cluster(STS, {"socket_address": {"address": host, "port_value": port}}, options)


def proofs(socket: str) -> dict[str, Any]:
    """The service that decides about proofs of possession, on its unix socket."""
    options = {
        "@type": names.HTTP_OPTIONS,
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    return _cluster(bound.CLUSTER, {"pipe": {"path": socket}}, options)


def _cluster(name: str, address: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    return {
        "@type": names.CLUSTER,
        "name": name,
        "type": "STATIC",
        "connect_timeout": f"{_CONNECT_SECONDS}s",
        "typed_extension_protocol_options": {names.HTTP_OPTIONS_KEY: options},
        "load_assignment": {"cluster_name": name, "endpoints": endpoints},
    }
