"""`python -m gatewright` is the command line."""

from gatewright.main import cli

cli()
