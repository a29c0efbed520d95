"""The backends that there are, in one table; a new one is one file and one line."""

from collections.abc import Callable, Mapping

from gatewright.crypto.keyring import Keyring
from gatewright.domain.world import World
from gatewright.sts.keys.backend import Backend, Backends
from gatewright.sts.keys.backends import command, sealed
from gatewright.sts.keys.backends.surroundings import Surroundings

MAKERS: Mapping[str, Callable[[Surroundings], Backend | None]] = {
    sealed.NAME: sealed.make,
    command.NAME: command.make,
}
"""By the name that a key's row holds. The last one that is set up gets the new keys."""


def backends(
    keyring: Keyring,
    world: World,
    *,
    signer_command: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Backends:
    """Those that are set up. `environment` is what programs are given; None is our own."""
    around = Surroundings(keyring, world, signer_command, environment)
    made = {name: make(around) for name, make in MAKERS.items()}
    known = {name: backend for name, backend in made.items() if backend is not None}
    return Backends(known, list(known)[-1])
