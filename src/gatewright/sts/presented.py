"""What a client showed to prove itself, before anybody looked whether it is true."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gatewright.domain.authenticator import Authenticator
from gatewright.domain.credential import Secret
from gatewright.sts.proof import Single
from gatewright.sts.records import Client


class Presented(NamedTuple):
    """A claimed client and the readings of its secret, tried in this order.

    How many readings there are depends on the request's bytes alone, so that the cost of checking
    them tells nothing about the client.
    """

    client_id: str
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Presented(client_id={self.client_id!r})"


@dataclass(frozen=True, slots=True)
class ShownAssertion:
    """A claimed client and its JWT (RFC 7523 §2.2); nobody has verified the claims yet."""

    client_id: str
    unverified_jwt: str = field(repr=False)
    unverified_claims: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """A claimed client, and the certificates (DER) of a TLS client that holds the first's key."""

    client_id: str
    certificate: bytes = field(repr=False)
    chain: tuple[bytes, ...] = field(repr=False)


Shown = Presented | ShownAssertion | ShownCertificate


class Verified(NamedTuple):
    """A client that proved itself, by which method and secret or authenticator, and what of it
    is used up."""

    client: Client
    method: str
    way: Secret | Authenticator
    singles: tuple[Single, ...] = ()
