"""What of a snapshot may lie on a disk: private keys only sealed, and none without a sealer."""

from typing import Protocol

from gatewright.domain.errors import Unavailable
from gatewright.domain.world import World
from gatewright.gateway.compile.secrets import SERVER
from gatewright.gateway.snapshot import Snapshot, version_of
from gatewright.gateway.xds import names
from gatewright.gateway.xds.delta import Resource, Resources


class Sealer(Protocol):
    """Who encrypts, and can read it again."""

    def seal(self, clear: bytes, context: str, world: World) -> bytes:
        """The sealed text, bound to the context."""

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """The clear text. Raises Unavailable."""


def sealed(resources: Resources, sealer: Sealer | None, world: World) -> Resources:
    """The same with every certificate's key sealed. The settings' own is left out: its files are
    read at each start."""
    secrets = {
        name: Resource(item.version, sealer.seal(item.body, _context(name), world), item.after)
        for name, item in resources.get(names.SECRET, {}).items()
        if sealer is not None and name != SERVER
    }
    return {**resources, names.SECRET: secrets}


def unseal(snapshot: Snapshot, sealer: Sealer | None) -> None:
    """Open what `sealed` sealed, in place; what does not open is left out."""
    found = snapshot.resources[names.SECRET]
    for name, item in list(found.items()):
        del found[name]
        if sealer is None:
            continue
        try:
            body = sealer.unseal(item.body, _context(name))
        except Unavailable:
            continue
        found[name] = Resource(version_of(body), body, item.after)


def _context(name: str) -> str:
    return f"snapshot {name}"
