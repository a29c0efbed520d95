"""Writes every generated text anew: golden files, openapi.json, CLI reference. Read the diff."""

import subprocess
import sys

GENERATORS = ("tools.openapi", "tools.cli_reference", "tests.gateway.regen")


def main() -> int:
    """Run each generator; the worst exit code."""
    codes = [
        subprocess.run([sys.executable, "-m", module], check=False).returncode
        for module in GENERATORS
    ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
