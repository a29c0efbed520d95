"""What a backend may be made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gatewright.crypto.keyring import Keyring
from gatewright.domain.world import World


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`environment` is what programs are given; None is this process's own."""

    keyring: Keyring
    world: World
    signer_command: str | None = None
    environment: Mapping[str, str] | None = field(default=None, repr=False)
