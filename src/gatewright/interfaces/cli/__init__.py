"""The command line: says what the management API answers; it knows no engine and no store."""

from gatewright.interfaces.cli.app import create_cli
from gatewright.interfaces.cli.hooks import Check, Hooks, UpOptions

__all__ = ["Check", "Hooks", "UpOptions", "create_cli"]
