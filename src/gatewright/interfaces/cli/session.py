"""One command's company: its terminal, its data folder, and the management API when it asks."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gatewright.interfaces.cli.client import Management
from gatewright.interfaces.cli.connection import connect
from gatewright.interfaces.cli.failure import CommandFailed, usage
from gatewright.interfaces.cli.folder import Folder, folder_of
from gatewright.interfaces.cli.hooks import Hooks
from gatewright.interfaces.cli.terminal import Terminal, clean

if TYPE_CHECKING:
    import httpx2


@dataclass
class Runtime:
    """What every command of one run shares. `transport` None is the network."""

    hooks: Hooks
    transport: "httpx2.BaseTransport | None" = None


@dataclass
class Session:
    """A command that runs."""

    hooks: Hooks
    terminal: Terminal
    folder: Folder
    transport: "httpx2.BaseTransport | None"
    asked_for_folder: bool
    _management: Management | None = field(default=None, repr=False)

    @property
    def management(self) -> Management:
        """The management API. Raises CommandFailed (unreachable) when nothing was ever started."""
        if self._management is None:
            found = connect(self.folder, os.environ, explicit=self.asked_for_folder)
            if found.source == "gatewright login":
                self.terminal.say(f"using {clean(found.url)}")
            if found.url.startswith("http://") and found.token and not found.is_local:
                self.terminal.say(f"warning: {clean(found.url)} gets the token unencrypted")
            self._management = Management(
                found, self.hooks.version, self.hooks.world, self.transport
            )
        return self._management

    def close(self) -> None:
        """Give the sockets back."""
        if self._management is not None:
            self._management.close()

    def answer(self, content: Any, show: Callable[[], None]) -> None:
        """The result: the content itself with `--json`, else what `show` writes."""
        if self.terminal.as_json:
            self.terminal.document(content)
        else:
            show()

    def confirm(self, question: str, word: str, *, yes: bool) -> None:
        """Go on when `--yes` was given or the person types the word. Raises CommandFailed."""
        if yes:
            return
        if not self.terminal.can_ask:
            raise usage("needs to be confirmed.", "--yes", "Add --yes to do it without a question.")
        self.terminal.say(clean(question))
        prompt = f"Type {clean(word)} to go on"
        typed = typer.prompt(prompt, default="", show_default=False, err=True)
        if typed != word:
            raise CommandFailed("nothing was done.", None, None, "not-confirmed")


def open_session(context: typer.Context, data: Path | None, *, as_json: bool) -> Session:
    """The session of a command; its sockets are closed when the command ends."""
    runtime: Runtime = context.find_root().obj
    source = context.get_parameter_source("data")
    explicit = source is not None and source.name == "COMMANDLINE"
    session = Session(
        runtime.hooks,
        Terminal(as_json=as_json),
        folder_of(data, os.environ, Path.cwd()),
        runtime.transport,
        explicit,
    )
    context.call_on_close(session.close)
    return session
