"""The entry of every child process: finds its role, and ends in silence when told to stop."""

import sys
from importlib import import_module
from pathlib import Path

from gatewright.main.folder import Folder

ROLES = {
    "control": "gatewright.main.control",
    "sts": "gatewright.main.sts",
    "gateway": "gatewright.main.gateway",
    "proofs": "gatewright.main.proofs",
    "sample": "gatewright.main.sample.server",
}


def main(arguments: list[str]) -> int:
    """`ROLE DATA [FD]`: run until the signal comes."""
    role, root, *descriptor = arguments
    module = import_module(ROLES[role])
    module.run(Folder(Path(root)), int(descriptor[0]) if descriptor else -1)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
