"""A domain name: the host by which calls reach one environment of an organization over TLS."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gatewright.domain.address import address_of
from gatewright.domain.errors import Conflict, Invalid

DOMAINS_MAX = 100
HOST_LENGTH_MAX = 253
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_STAR = "*."


@dataclass(frozen=True, slots=True)
class DomainName:
    """`host` may begin with `*.` for any one label. `certificate` is a PEM chain;
    `sealed_private_key` is encrypted, and `expires_at` the end of the chain's first."""

    id: str
    organization_id: str
    environment_id: str
    host: str
    certificate: str
    sealed_private_key: bytes
    expires_at: datetime
    created_at: datetime
    revision: int = 1

    def __repr__(self) -> str:
        return f"DomainName(id={self.id!r}, host={self.host!r})"


def host(text: str) -> str:
    """The host in the one spelling that is stored. Raises Invalid with the rule it breaks.

    Names with letters beyond ASCII are given as their A-labels, `xn--…` (RFC 5890).
    """
    plain = text.strip().lower().removesuffix(".")
    name = plain.removeprefix(_STAR)
    labels = name.split(".")
    way_out = "Use a full name such as api.example.com or *.example.com; other letters as xn--…"
    if len(plain) > HOST_LENGTH_MAX or not all(_LABEL.fullmatch(label) for label in labels):
        raise Invalid("is no host name.", "host", way_out)
    if len(labels) < 2 or address_of(name) is not None or labels[-1].isdigit():
        raise Invalid("is no full host name.", "host", way_out)
    return plain


def check_apart(host: str, others: Iterable[DomainName], organization_id: str) -> None:
    """Refuse a host that another organization's wildcard stands for, and a wildcard that stands
    for another's host: calls of one would go to the other. Raises Conflict."""
    for other in others:
        if other.organization_id != organization_id and (
            _stands_for(host, other.host) or _stands_for(other.host, host)
        ):
            raise Conflict("is taken, or stands for one that is.", "host", "Use another host name.")


def _stands_for(wildcard: str, host: str) -> bool:
    return wildcard.startswith(_STAR) and host.partition(".")[2] == wildcard.removeprefix(_STAR)


def seal_context(id: str) -> str:
    """What the private key's encryption is bound to."""
    return f"domain {id}"
