"""Writes docs/reference/cli.md out of the command tree: every command, argument and option.

`python -m tools.cli_reference` writes it; with `--check` it only says whether it is current.
"""

import inspect
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from gatewright.domain.world import World
from gatewright.interfaces.cli import Hooks, create_cli
from gatewright.interfaces.cli.failure import ExitCode

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "cli.md"
HEAD = """# The command line

This page is made by `python -m tools.cli_reference`; a test keeps it current.

Results go to standard output, talk to standard error. With `--json`, standard output holds one
JSON document and nothing else; a failure is `{"error": {"code", "field", "reason", "way_out", …}}`.
Nothing is asked unless a person sits at the terminal. `NO_COLOR` turns colours off.

| exit code | meaning |
|---|---|
"""
MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.ERROR: "refused or failed; the error says why and the way out",
    ExitCode.DIFFERENT: "a difference was found (kept for commands that compare)",
    ExitCode.NOT_FOUND: "nothing of that name",
    ExitCode.DENIED: "not signed in, or not allowed",
    ExitCode.UNREACHABLE: "nobody answers",
    ExitCode.USAGE: "the command line can not be meant",
}
CONNECTION = """
Which installation a command talks to, the first that applies:

1. `--data DIR`: the one that runs from that folder;
2. `GATEWRIGHT_URL`, with the token of `GATEWRIGHT_TOKEN_FILE`, else `GATEWRIGHT_TOKEN`, else the
   login kept for that URL;
3. the default data folder (or `GATEWRIGHT_DATA`), when it runs;
4. the URL of the last `gatewright login`.

An `API` is a handle (its newest version), `handle:version` or an id. An `APP` is a handle, a name
or an id.
"""


def render() -> str:
    """The whole page."""
    rows = "".join(f"| {int(code)} | {MEANINGS[code]} |\n" for code in ExitCode)
    root = typer.main.get_command(_cli())
    return HEAD + rows + CONNECTION + "".join(_commands(root, "gatewright"))


def _cli() -> typer.Typer:
    """The command line as it ships; nothing is run, so the hooks are never called."""
    world = World(lambda: datetime.fromtimestamp(0, UTC), bytes)
    return create_cli(Hooks("", lambda _: 0, lambda _: (), world))


def _commands(command: Any, path: str) -> Iterator[str]:
    if hasattr(command, "commands"):
        for name, child in command.commands.items():
            if not child.hidden:
                yield from _commands(child, f"{path} {name}")
        return
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    options = [item for item in command.params if item.param_type_name == "option"]
    usage = " ".join(item.metavar if item.required else f"[{item.metavar}]" for item in arguments)
    yield f"\n## `{f'{path} {usage}'.strip()}`\n\n{inspect.cleandoc(command.help)}\n"
    if arguments or options:
        yield "\n| | |\n|---|---|\n"
    for item in arguments:
        yield f"| `{_cell(item.metavar)}` | {_cell(item.help)} |\n"
    for item in options:
        yield f"| `{_cell(_option(item))}` | {_cell(item.help)}{_default(item)} |\n"


def _option(item: Any) -> str:
    names = ", ".join(sorted(item.opts, key=len, reverse=True))
    if item.is_flag:
        return ", ".join([names, *item.secondary_opts])
    choices = item.type_descriptor.choices
    placeholder = "|".join(choice.value for choice in choices) if choices else None
    return f"{names} {placeholder or item.metavar or names.removeprefix('--').upper()}"


def _default(item: Any) -> str:
    required = " Required." if item.required else ""
    variable = f" Environment: `{item.envvar}`." if item.envvar else ""
    default = getattr(item.default, "value", item.default)
    shown = default not in (None, "", False) and not item.required
    return required + (f" Default: {default}." if shown else "") + variable


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Write the page, or check it. 1 when it is not current."""
    page = render()
    if "--check" in arguments:
        return 0 if PAGE.exists() and PAGE.read_text() == page else 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
