"""Writes docs/openapi.json, the management API's description: `python -m tools.openapi`."""

import json
from pathlib import Path

from gatewright.interfaces.management.app import description

PATH = Path(__file__).parent.parent / "docs" / "openapi.json"


def rendered() -> str:
    """The description as it is checked in."""
    return json.dumps(description(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(rendered())
