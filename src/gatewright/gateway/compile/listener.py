"""A listener for each environment: the connection manager, its hygiene and its policies."""

from typing import Any

from gatewright.gateway.compile import tls, usage
from gatewright.gateway.compile.refusals import local_reply_config
from gatewright.gateway.compile.secrets import SERVER
from gatewright.gateway.ir import EnvironmentIr
from gatewright.gateway.policies import POLICIES
from gatewright.gateway.xds import names, shapes

Json = dict[str, Any]
# Ours, those that steer Envoy's router, and those by which a proxy says who calls: Envoy writes
# its own x-forwarded-for and -proto after these are gone.
_FOREIGN = ("x-gw-", "x-envoy-", "x-forwarded-")


def listener(environment: EnvironmentIr) -> Json:
    """Bound to the environment's address and port."""
    address = {"address": environment.address, "port_value": environment.port}
    connections = {"name": names.HTTP_MANAGER_NAME, "typed_config": manager(environment)}
    chain: Json = {"filters": [connections]}
    if environment.tls is not None:
        chain["transport_socket"] = tls.server(SERVER)
    return {
        "@type": names.LISTENER,
        "name": environment.id,
        "stat_prefix": environment.handle,
        "address": {"socket_address": address},
        "per_connection_buffer_limit_bytes": 1_048_576,
        "filter_chains": [chain],
    }


def extensions(environment: EnvironmentIr) -> dict[str, Json]:
    """What the environment's policies are told by discovery, by resource name."""
    return {
        name: {"@type": names.EXTENSION, "name": name, "typed_config": config}
        for policy in POLICIES
        for name, config in policy.extensions(environment).items()
    }


def manager(environment: EnvironmentIr, *first: Json) -> Json:
    """The environment's connection manager; `first` are filters before all policies."""
    return {
        "@type": names.HTTP_MANAGER,
        "stat_prefix": environment.handle,
        "http_filters": [*first, *(policy.http_filter(environment) for policy in POLICIES)],
        "scoped_routes": _scoped_routes(),
        "early_header_mutation_extensions": [_early_headers(environment)],
        "local_reply_config": local_reply_config(environment.realm),
        "access_log": [usage.access_log(environment)],
        **hygiene(),
    }


def hygiene() -> Json:
    """Envoy's own advice for a front door, and nothing that our calls have no use for."""
    return {
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "use_remote_address": True,
        "generate_request_id": False,
        "server_name": "gatewright",
        "stream_idle_timeout": "300s",
        "request_headers_timeout": "15s",
        "common_http_protocol_options": {
            "idle_timeout": "600s",
            "headers_with_underscores_action": "DROP_HEADER",
        },
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
        },
    }


def _scoped_routes() -> Json:
    """The key: environment, context and version, cut from the header written before."""
    cut = [
        {
            "header_value_extractor": {
                "name": shapes.HEADER_ROUTE, "element_separator": "/", "index": index
            }
        }
        for index in (1, 2, 3)
    ]  # fmt: skip
    return {
        "name": "apis",
        "scope_key_builder": {"fragments": cut},
        "rds_config_source": names.ADS,
        "scoped_rds": {"scoped_rds_config_source": names.ADS},
    }


def _early_headers(environment: EnvironmentIr) -> Json:
    """Nothing that a client sends can pose as what the gateway writes."""
    # `PATH` alone would prefer a header of the client's, x-envoy-original-path.
    route = {"key": shapes.HEADER_ROUTE, "value": f"/{environment.id}%PATH(NQ:PATH)%"}
    mutations = [
        *foreign_headers(),
        {"append": {"header": route, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}},
    ]
    config = {"@type": names.EARLY_HEADERS, "mutations": mutations}
    return {"name": "entry", "typed_config": config}


def foreign_headers() -> list[Json]:
    """Removes what a client may not say: also of the certificate it has shown."""
    return [
        {"remove_on_match": {"key_matcher": {"prefix": prefix, "ignore_case": True}}}
        for prefix in _FOREIGN
    ]
