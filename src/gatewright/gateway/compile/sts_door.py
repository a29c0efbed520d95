"""The token service's front door for TLS, which sees the client's certificate (RFC 8705).

It decides nothing: it passes every call on and says, in a way that only it can, whose it was.
"""

from typing import Any

from gatewright.gateway.compile import tls
from gatewright.gateway.compile.listener import foreign_headers, hygiene
from gatewright.gateway.compile.secrets import SERVER
from gatewright.gateway.compile.services import STS
from gatewright.gateway.ir import StsIr
from gatewright.gateway.policies import router
from gatewright.gateway.xds import names

Json = dict[str, Any]
NAME = "gatewright-sts"
HEADER_HOP = "x-gw-hop"
"""With the installation's secret: without it the token service believes no certificate."""

_TIMEOUT_SECONDS = 60


def listener(sts: StsIr) -> Json:
    """Bound to the address and port of the token service's TLS."""
    address = {"address": sts.address, "port_value": sts.port}
    manager = {"name": names.HTTP_MANAGER_NAME, "typed_config": _manager(sts)}
    return {
        "@type": names.LISTENER,
        "name": NAME,
        "stat_prefix": "sts",
        "address": {"socket_address": address},
        "per_connection_buffer_limit_bytes": 1_048_576,
        "filter_chains": [{"filters": [manager], "transport_socket": tls.server(SERVER)}],
    }


def _manager(sts: StsIr) -> Json:
    early = {"@type": names.EARLY_HEADERS, "mutations": foreign_headers()}
    return {
        "@type": names.HTTP_MANAGER,
        "stat_prefix": "sts",
        "http_filters": [router.forward()],
        "early_header_mutation_extensions": [{"name": "entry", "typed_config": early}],
        "route_config": {"name": "sts", "virtual_hosts": [_host(sts)]},
        "forward_client_cert_details": "SANITIZE_SET",
        "set_current_client_cert_details": {"chain": True},
        **hygiene(),
    }


def _host(sts: StsIr) -> Json:
    hop = {"header": {"key": HEADER_HOP, "value": sts.hop_secret}}
    route = {
        "match": {"prefix": "/"},
        "route": {"cluster": STS, "timeout": f"{_TIMEOUT_SECONDS}s"},
        "request_headers_to_add": [{**hop, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
    }
    return {"name": "sts", "domains": ["*"], "routes": [route]}
