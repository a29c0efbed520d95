"""Hosts and addresses by their meaning: which ones a machine keeps its own secrets at.

Pure: no name is looked up here.
"""

import ipaddress
import re
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

METADATA_NETWORKS = tuple(
    ipaddress.ip_network(item)
    for item in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32")
)
"""Link-local addresses, and where clouds answer with the credentials of the machine that asks."""

METADATA_NAMES = frozenset({"metadata.google.internal", "metadata.goog"})
NAT64 = ipaddress.ip_network("64:ff9b::/96")
LOOPBACK = "localhost"
_PORTS = {"http": 80, "https": 443}
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")


def address_of(host: str) -> Address | None:
    """The address that a host without brackets spells in the usual form; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_odd_number(host: str) -> bool:
    """Whether resolvers would read it as an IPv4 address in another spelling than a dotted quad.

    Its last label is a number, as in `2130706433`, `0x7f.1` or `0177.0.0.1` (WHATWG URL §3.5).
    """
    last = host.removesuffix(".").rpartition(".")[2]
    return address_of(host) is None and bool(_NUMBER.fullmatch(last))


def embedded(address: Address) -> tuple[Address, ...]:
    """The address itself, and the IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return (address, *(item for item in found if item is not None))


def is_metadata(address: Address) -> bool:
    """Whether it, or what it stands for, is an address of METADATA_NETWORKS."""
    return any(item in network for item in embedded(address) for network in METADATA_NETWORKS)


def place(url: str) -> tuple[str, int] | None:
    """Host and port that a URL leads to, every spelling of loopback as one; None if neither."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    host = (parts.hostname or "").removesuffix(".")
    if not host or port is None:
        return None
    address = address_of(host)
    if address is None:
        name = host.lower()
        return (LOOPBACK if name.endswith(".localhost") else name), port
    meant = embedded(address)[-1]
    return (LOOPBACK if meant.is_loopback else str(meant)), port
