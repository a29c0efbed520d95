"""The one listener for all domain names: a chain for each, chosen by the name that TLS asks for.

Each has its certificate and its environment's policies, so that what is wrong with one, or changes
about it, is no matter of the others. A name that nobody has finds no chain: the connection ends.
"""

from collections.abc import Iterable
from typing import Any

from gatewright.gateway.compile import listener, tls
from gatewright.gateway.compile.paths import escape
from gatewright.gateway.ir import DoorIr
from gatewright.gateway.xds import names, shapes

Json = dict[str, Any]
NAME = "gatewright-domains"
MISDIRECTED = "misdirected"
_STAR = "*."
_ANY_LABEL = r"[^.:@/\[\]]+\."


def secret_name(domain_id: str) -> str:
    """The name of a domain's certificate."""
    return f"domain/{domain_id}"


def domains_listener(doors: Iterable[DoorIr], address: tuple[str, int]) -> Json:
    """Bound to the address and port; TLS only."""
    host, port = address
    inspector = {"name": names.TLS_INSPECTOR_NAME, "typed_config": {"@type": names.TLS_INSPECTOR}}
    return {
        "@type": names.LISTENER,
        "name": NAME,
        "stat_prefix": "domains",
        "address": {"socket_address": {"address": host, "port_value": port}},
        "per_connection_buffer_limit_bytes": 1_048_576,
        "listener_filters": [inspector],
        "filter_chains": [chain(door) for door in doors],
    }


def chain(door: DoorIr) -> Json:
    """What answers at a domain."""
    manager = listener.manager(door.environment, _only_for(door.hosts))
    return {
        "name": door.id,
        "filter_chain_match": {"server_names": [door.host]},
        "filters": [{"name": names.HTTP_MANAGER_NAME, "typed_config": manager}],
        "transport_socket": tls.server(secret_name(door.id)),
    }


def _only_for(hosts: Iterable[str]) -> Json:
    """Refuses a call for another host than the environment's own, whatever connection it comes by:
    browsers send calls for several hosts over one where a certificate has several names."""
    known = "|".join(_pattern(host) for host in hosts)
    ours = shapes.like(":authority", rf"(?i)(?:{known})(?::[0-9]{{1,5}})?")
    matcher = {"matcher_list": {"matchers": [{"predicate": ours, "on_match": shapes.SKIP}]}}
    return {"name": MISDIRECTED, "typed_config": shapes.refuse(MISDIRECTED, matcher)}


def _pattern(host: str) -> str:
    if host.startswith(_STAR):
        return _ANY_LABEL + escape(host.removeprefix(_STAR))
    return escape(host)
