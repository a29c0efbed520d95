"""Asks the real Envoy about every golden file: frozen to a static configuration, not started."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.gateway.regen import FOLDER, desired
from tests.gateway.scene import Scene

from gatewright.gateway.descriptors import load_messages
from gatewright.gateway.envoy import binary
from gatewright.gateway.freeze import freeze


def complaint(path: Path) -> str:
    """What Envoy has against a golden file; empty when nothing."""
    frozen = freeze(Scene(desired(path)[1]).snapshot(), load_messages())
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "envoy.json"
        config.write_text(json.dumps(frozen))
        done = subprocess.run(
            [
                str(binary()), "--mode", "validate", "-c", str(config), "-l", "error",
                "--use-dynamic-base-id",
            ],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    return "" if done.returncode == 0 else done.stderr + done.stdout


def main() -> None:
    """Validate every golden file and end with 1 if Envoy refuses one."""
    refused = 0
    for path in sorted(FOLDER.glob("*.yaml")):
        text = complaint(path)
        refused += bool(text)
        sys.stdout.write(f"{path.name}: {text or 'valid'}\n")
    sys.exit(min(refused, 1))


if __name__ == "__main__":
    main()
