"""The gateways that share every limit: each counts to its equal part, by Envoy's own means.

Envoy divides by the members of one cluster that nobody calls. They are the gateways that follow
this control plane, and those of the same environments that follow another.
"""

import hashlib
import ipaddress
from collections.abc import Callable, Iterable
from typing import Any

from gatewright.gateway.snapshot import Snapshot, Update
from gatewright.gateway.xds import limiters, names

Json = dict[str, Any]
_NOWHERE = ipaddress.IPv6Network("2001:db8::/32")
"""Addresses that lead nowhere (RFC 3849)."""


class Shares:
    """For use by the thread of the snapshot."""

    def __init__(self, snapshot: Snapshot, pack: Callable[[Json], bytes]) -> None:
        self._snapshot, self._pack = snapshot, pack
        self._here, self._elsewhere = frozenset[str](), frozenset[str]()
        # What was kept is nearer to the truth than nobody: all are about to connect again.
        if limiters.LOCAL_CLUSTER not in snapshot.resources[names.ENDPOINTS]:
            self._tell()

    def here(self, nodes: Iterable[str]) -> None:
        """The gateways that are connected."""
        self._change(frozenset(nodes), self._elsewhere)

    def elsewhere(self, nodes: Iterable[str]) -> None:
        """Those that another control plane has lately reported."""
        self._change(self._here, frozenset(nodes))

    def _change(self, here: frozenset[str], elsewhere: frozenset[str]) -> None:
        if (here, elsewhere) != (self._here, self._elsewhere):
            self._here, self._elsewhere = here, elsewhere
            self._tell()

    def _tell(self) -> None:
        body = self._pack(members(self._here | self._elsewhere))
        self._snapshot.put(Update(names.ENDPOINTS, limiters.LOCAL_CLUSTER, body))


def members(nodes: Iterable[str]) -> Json:
    """An endpoint for each gateway, always the same one; it is only ever counted."""
    endpoints = [
        {"endpoint": {"address": {"socket_address": {"address": address, "port_value": 1}}}}
        for address in sorted({_address(node) for node in nodes})
    ]
    return {
        "@type": names.ENDPOINTS,
        "cluster_name": limiters.LOCAL_CLUSTER,
        **({"endpoints": [{"lb_endpoints": endpoints}]} if endpoints else {}),
    }


def _address(node: str) -> str:
    digest = hashlib.sha256(node.encode()).digest()
    host = int.from_bytes(digest) >> (256 - 128 + _NOWHERE.prefixlen)
    return str(_NOWHERE[host])
