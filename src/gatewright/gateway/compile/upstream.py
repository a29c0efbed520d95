"""Clusters: one for each distinct upstream, shared by all APIs that call it."""

import hashlib
import ipaddress
from typing import Any

from gatewright.gateway.ir import UpstreamIr
from gatewright.gateway.xds import names

CONNECT_TIMEOUT_SECONDS = 5
REQUEST_TIMEOUT_SECONDS = 60
IDLE_TIMEOUT_SECONDS = 4


def cluster_name(upstream: UpstreamIr) -> str:
    """The same for the same scheme, host and port."""
    address = f"{'https' if upstream.tls else 'http'}://{upstream.authority}"
    return "up-" + hashlib.sha256(address.encode()).hexdigest()[:16]


def cluster(upstream: UpstreamIr, ca_file: str | None) -> dict[str, Any]:
    """The cluster of an upstream. https is verified against the CAs in `ca_file` and the name."""
    literal = _is_address(upstream.host)
    endpoint = {"socket_address": {"address": upstream.host, "port_value": upstream.port}}
    name = cluster_name(upstream)
    result: dict[str, Any] = {
        "@type": names.CLUSTER,
        "name": name,
        "type": "STATIC" if literal else "LOGICAL_DNS",
        "connect_timeout": f"{CONNECT_TIMEOUT_SECONDS}s",
        "per_connection_buffer_limit_bytes": 1_048_576,
        "typed_extension_protocol_options": {names.HTTP_OPTIONS_KEY: _http_options()},
        "circuit_breakers": {"thresholds": [_thresholds()]},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": endpoint}}]}],
        },
    }
    if not literal:
        # One logical host whose addresses are tried in turn (RFC 8305), as a browser does.
        result |= {"dns_lookup_family": "ALL", "respect_dns_ttl": True}
    if upstream.tls:
        result["transport_socket"] = _tls(upstream.host, literal, ca_file)
    return result


def _http_options() -> dict[str, Any]:
    """Idle connections are closed before common servers close them under a call's feet."""
    return {
        "@type": names.HTTP_OPTIONS,
        "common_http_protocol_options": {"idle_timeout": f"{IDLE_TIMEOUT_SECONDS}s"},
        "explicit_http_config": {"http_protocol_options": {}},
    }


def _thresholds() -> dict[str, Any]:
    return {"max_connections": 65_536, "max_pending_requests": 65_536, "max_requests": 65_536}


def _tls(host: str, literal: bool, ca_file: str | None) -> dict[str, Any]:  # noqa: FBT001
    san = {"san_type": "IP_ADDRESS" if literal else "DNS", "matcher": {"exact": host}}
    # Without a CA file nothing can be verified: an empty trust store then refuses every peer.
    trusted = {"filename": ca_file} if ca_file else {"inline_string": ""}
    validation = {"trusted_ca": trusted, "match_typed_subject_alt_names": [san]}
    context: dict[str, Any] = {
        "@type": names.TLS_CLIENT,
        "common_tls_context": {
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "validation_context": validation,
        },
    }
    if not literal:
        context["sni"] = host
    return {"name": names.TLS_NAME, "typed_config": context}


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
