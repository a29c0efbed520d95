"""Envoy as a bare proxy, the baseline of the gateway's ratios, and as everybody's upstream.

Both are the binary that Gatewright supervises, with one worker and nothing configured that a
proxy does not need.
"""

import json
from collections.abc import Mapping, Sequence

from bench import binaries, processes

_TYPES = "type.googleapis.com/envoy.extensions.filters."
_BODY = '{"items":[{"id":1,"title":"A Wizard of Earthsea"},{"id":2,"title":"Kindred"}]}'


def start_upstream(servers: processes.Servers) -> int:
    """Start the service behind all gateways; gives its port."""
    answer = {
        "match": {"prefix": "/"},
        "direct_response": {"status": 200, "body": {"inline_string": _BODY}},
        "response_headers_to_add": [
            {
                "header": {"key": "content-type", "value": "application/json"},
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            }
        ],
    }
    return _start(servers, "upstream", processes.LOAD_CORE, answer, [])[0]


def start_bare(servers: processes.Servers, upstream: int) -> tuple[int, int]:
    """Start the proxy that checks nothing; gives its port and its process."""
    route = {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}
    cluster = {
        "name": "upstream",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": "upstream",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(upstream)}}]}],
        },
    }
    return _start(servers, "envoy-bare", processes.SERVER_CORE, route, [cluster])


def _start(
    servers: processes.Servers,
    name: str,
    core: int,
    route: Mapping[str, object],
    clusters: Sequence[Mapping[str, object]],
) -> tuple[int, int]:
    envoy = binaries.find_envoy()
    port = processes.free_port()
    path = servers.folder / f"{name}.json"
    resources = {"listeners": [_listener(port, route)], "clusters": clusters}
    path.write_text(json.dumps({"static_resources": resources}))
    command = [str(envoy.path), "--config-path", str(path), "--concurrency", "1",
               "--log-level", "warn", "--use-dynamic-base-id"]  # fmt: skip
    server = servers.start(name, command, core, port=port)
    return port, server.process_id


def _listener(port: int, route: Mapping[str, object]) -> Mapping[str, object]:
    connections = {
        "@type": _TYPES + "network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "calls",
        # As in Gatewright: the ratio is to tell what the checks cost, not what a UUID costs.
        "generate_request_id": False,
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": _TYPES + "http.router.v3.Router",
                    "dynamic_stats": False,
                    "suppress_envoy_headers": True,
                },
            }
        ],
    }
    chain = {
        "filters": [
            {"name": "envoy.filters.network.http_connection_manager", "typed_config": connections}
        ]
    }
    return {"name": "calls", "address": _address(port, "0.0.0.0"), "filter_chains": [chain]}


def _address(port: int, host: str = "127.0.0.1") -> Mapping[str, object]:
    return {"socket_address": {"address": host, "port_value": port}}
