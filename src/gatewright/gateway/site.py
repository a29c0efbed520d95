"""What a gateway is told about its surroundings, once, at its start."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatewright.domain.environment import Environment
from gatewright.gateway.ir import StsIr, TlsIr


@dataclass(frozen=True, slots=True)
class Site:
    """What a gateway must be told about its surroundings.

    `listeners` maps an environment's id or handle to address and port; an environment without an
    entry is another gateway's. `ca_file` holds the authorities that https upstreams are verified
    against; None refuses them all. `sts_address` is the token service's on this machine,
    `proofs_socket` the path of the service that decides about bound tokens. With `tls` the
    listeners end TLS, and `sts` is the token service's own door for it. `domains` is where calls
    by domain name arrive.
    """

    sts_url: str
    listeners: Mapping[str, tuple[str, int]]
    ca_file: str | None = None
    sts_address: tuple[str, int] = ("127.0.0.1", 8001)
    proofs_socket: str = "/nowhere/proofs.sock"
    tls: TlsIr | None = None
    sts: StsIr | None = None
    domains: tuple[str, int] | None = None

    def address(self, environment: Environment | None, home: str) -> tuple[str, int] | None:
        """Where this gateway listens for the environment; None when it does not. A port that goes
        by handle is the organization's `home`; others are reached by domain name."""
        if environment is None:
            return None
        by_handle = environment.handle if environment.organization_id == home else ""
        return self.listeners.get(environment.id) or self.listeners.get(by_handle)
