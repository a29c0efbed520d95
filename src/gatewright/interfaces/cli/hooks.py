"""What `main` lends to the command line: the start, checks that need a store, time and chance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatewright.domain.world import World


@dataclass(frozen=True)
class UpOptions:
    """What `gatewright up` was asked for. `data` None is the default folder, or a temporary one
    with `ephemeral`; `take_over` puts it in the place of the `up` that runs."""

    data: Path | None = None
    ephemeral: bool = False
    sample: bool = True
    take_over: bool = False


@dataclass(frozen=True)
class Check:
    """One line of `gatewright doctor`. `mend` is the command or deed that repairs it."""

    name: str
    passed: bool
    detail: str
    mend: str = ""


def _nothing(_root: Path, _discard_lost: bool) -> int:  # noqa: FBT001
    return 0


def _no_gateway(_root: Path) -> Mapping[str, Any]:
    return {}


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

    restart_gateway: Callable[[Path], Mapping[str, Any]] = _no_gateway
    """Lets a new Envoy take over from the running one: its version, its process, and whether it
    could take the connections in waiting over too."""
