"""What `main` lends to the command line: the start, checks that need a store, time and chance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gatewright.domain.world import World


@dataclass(frozen=True)
class UpOptions:
    """What `gatewright up` was asked for. `data` None is the default folder, or a temporary one
    with `ephemeral`."""

    data: Path | None = None
    ephemeral: bool = False
    sample: bool = True


@dataclass(frozen=True)
class Check:
    """One line of `gatewright doctor`. `mend` is the command or deed that repairs it."""

    name: str
    passed: bool
    detail: str
    mend: str = ""


def _nothing(_root: Path, _discard_lost: bool) -> int:  # noqa: FBT001
    return 0


@dataclass(frozen=True)
class Hooks:
    """`up` runs in the foreground and gives an exit code. `local_checks` looks at a data folder
    without changing it; a check of the same name takes the place of the CLI's own."""

    version: str
    up: Callable[[UpOptions], int]
    local_checks: Callable[[Path], Sequence[Check]]
    world: World
    reseal: Callable[[Path, bool], int] = _nothing
    """Seals the private keys of a data folder under a new key, and discards those that are lost if
    it is told to; how many there were."""
