"""The wiring, and nothing else: which parts meet in which process."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def cli() -> None:
    """The command `gatewright`; what a command does not need is not loaded."""
    from gatewright import __version__
    from gatewright.interfaces.cli import create_cli
    from gatewright.interfaces.cli.hooks import Check, Hooks, UpOptions
    from gatewright.main.world import real_world

    def start(options: UpOptions) -> int:
        from gatewright.main.up import up

        return up(options)

    def local_checks(root: Path) -> list[Check]:
        from gatewright.main.doctor import checks

        return checks(root)

    def reseal(root: Path, discard_lost: bool) -> int:  # noqa: FBT001
        from gatewright.main.reseal import reseal as seal_anew

        return seal_anew(root, discard_lost=discard_lost)

    def restart_gateway(root: Path) -> Mapping[str, Any]:
        from gatewright.main.folder import Folder
        from gatewright.main.steering import STEERING_SOCKET, ask

        return ask(Folder(root).socket(STEERING_SOCKET), "restart-gateway").content

    hooks = Hooks(__version__, start, local_checks, real_world(), reseal, restart_gateway)
    create_cli(hooks)()
