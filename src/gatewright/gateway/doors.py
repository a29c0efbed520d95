"""The domain names that a gateway answers to: their certificates, opened, and their listener.

What is wrong with one leaves it out; the others are served.
"""

from collections.abc import Mapping
from typing import Protocol

from gatewright.domain.domain_name import DomainName, seal_context
from gatewright.domain.environment import Environment
from gatewright.domain.errors import GatewrightError, Unavailable
from gatewright.gateway.compile import domains, secrets
from gatewright.gateway.desired import Desired
from gatewright.gateway.ir import DoorIr, EnvironmentIr, SecretIr
from gatewright.gateway.snapshot import Update
from gatewright.gateway.xds import names
from gatewright.gateway.xds.messages import Messages


class Opens(Protocol):
    """Who can read a sealed private key."""

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """The clear text. Raises Unavailable."""


class Doors:
    """For use by one thread. `address` None: this gateway answers to no domain."""

    def __init__(
        self,
        desired: Desired,
        messages: Messages,
        address: tuple[str, int] | None,
        sealer: Opens | None,
    ) -> None:
        self._desired, self._messages = desired, messages
        self._address, self._sealer = address, sealer
        self._bodies: dict[str, tuple[int, bytes]] = {}
        self.closed: dict[str, str] = {}
        """Why a domain is not served as asked, by its id."""

    def serves(self, environment: Environment | None) -> bool:
        """Whether calls for the environment can come by a domain."""
        if environment is None or self._address is None:
            return False
        return bool(self._desired.domains(environment.id))

    def updates(self, environments: Mapping[str, EnvironmentIr]) -> list[Update]:
        """The listener and the certificates of every domain of these environments."""
        self.closed = {}
        before, self._bodies, doors = self._bodies, {}, []
        for id, ir in sorted(environments.items()) if self._address else ():
            rows = self._desired.domains(id)
            hosts = tuple(sorted(row.host for row in rows))
            for row in rows:
                door = DoorIr(row.id, row.host, hosts, ir)
                if self._open(row, door, before):
                    doors.append(door)
        gone = [Update(names.SECRET, domains.secret_name(id), None)
                for id in before if id not in self._bodies]  # fmt: skip
        found = [Update(names.SECRET, domains.secret_name(id), body)
                 for id, (_, body) in self._bodies.items()]  # fmt: skip
        if not doors or self._address is None:
            return [Update(names.LISTENER, domains.NAME, None), *gone] if before else []
        body = self._messages.pack(domains.domains_listener(doors, self._address))
        return [*found, Update(names.LISTENER, domains.NAME, body), *gone]

    def _open(self, row: DomainName, door: DoorIr, before: Mapping[str, tuple[int, bytes]]) -> bool:
        """Whether there is a certificate to serve: the new one or, if it is bad, the one before."""
        known = before.get(row.id)
        if known is not None and known[0] == row.revision:
            self._bodies[row.id] = known
            return True
        try:
            self._messages.pack(_alone(door))
            self._bodies[row.id] = row.revision, self._secret(row)
            return True
        except Exception as error:  # noqa: BLE001  one bad domain is left out, the others go on
            self.closed[row.id] = _reason(error)
        if known is not None:
            self._bodies[row.id] = known
        return known is not None

    def _secret(self, row: DomainName) -> bytes:
        if self._sealer is None:
            raise Unavailable("this gateway was not given the key of domains.", "domains")
        key = self._sealer.unseal(row.sealed_private_key, seal_context(row.id)).decode()
        ir = SecretIr(domains.secret_name(row.id), row.certificate, key)
        return self._messages.pack(secrets.secret(ir))


def _alone(door: DoorIr) -> dict[str, object]:
    """Its chain in a listener of its own, to see whether it compiles."""
    return domains.domains_listener([door], ("127.0.0.1", 1))


def _reason(error: Exception) -> str:
    """Of others' errors only the kind: their texts may quote what they were given."""
    if isinstance(error, GatewrightError):
        return str(error)
    return f"It can not be compiled ({type(error).__name__})."
