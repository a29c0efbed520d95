"""`gatewright up` and `down`: the start, which `main` lends, and the stop of what it started."""

import os
import shutil
import signal
import time
from typing import Annotated

import typer

from gatewright.interfaces.cli.failure import CommandFailed, usage
from gatewright.interfaces.cli.folder import SUPERVISOR, Folder
from gatewright.interfaces.cli.hooks import UpOptions
from gatewright.interfaces.cli.options import Data, Json, Yes
from gatewright.interfaces.cli.session import Runtime, open_session
from gatewright.interfaces.cli.terminal import clean

_STOP_SECONDS_MAX = 15.0
_ENDINGS = ((signal.SIGTERM, _STOP_SECONDS_MAX), (signal.SIGKILL, 3.0))
_PAUSE_SECONDS = 0.02


def up(
    context: typer.Context,
    *,
    data: Data = None,
    ephemeral: Annotated[
        bool,
        typer.Option(
            "--ephemeral",
            help="A temporary folder (or --data, new or empty) and free ports; gone at the end.",
        ),
    ] = False,
    no_sample: Annotated[
        bool, typer.Option("--no-sample", help="Without the Reading List sample.")
    ] = False,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="In the place of the one that runs; no call is lost."),
    ] = False,
) -> None:
    """Start everything in the foreground.

    Ctrl-C stops it and keeps the data.
    """
    source = context.get_parameter_source("data")
    asked = source is not None and source.name == "COMMANDLINE"
    runtime: Runtime = context.find_root().obj
    # What goes away at the end must be named on purpose: never the folder of the environment.
    if take_over and ephemeral:
        raise usage("is for an installation that stays.", "--take-over", "Leave one of them out.")
    folder = data if asked or not ephemeral else None
    options = UpOptions(folder, ephemeral, not no_sample, take_over)
    if code := runtime.hooks.up(options):
        raise typer.Exit(code)


def down(
    context: typer.Context,
    *,
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="Remove the data folder too, with its keys.")
    ] = False,
    yes: Yes = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Stop what `gatewright up` started.

    The data stays unless --delete-data says otherwise.
    """
    session = open_session(context, data, as_json=as_json)
    folder = session.folder
    if delete_data:
        _check_is_installation(folder)
        question = f"Everything in {folder.root} will be gone for good, signing keys included."
        session.confirm(question, folder.root.name, yes=yes)
    stopped = stop(folder)
    if delete_data:
        _delete(folder)
    result = {"stopped": stopped, "data": str(folder.root), "deleted": not folder.root.exists()}

    def show() -> None:
        words = f"stopped {', '.join(stopped)}" if stopped else "nothing ran"
        kept = "is kept" if folder.root.exists() else "is gone"
        session.terminal.write(f"{clean(words)}; {clean(folder.root)} {kept}")

    session.answer(result, show)


def stop(folder: Folder) -> list[str]:
    """End the processes of the folder, by way of the supervisor when it lives; their names.

    Raises CommandFailed when one does not end.
    """
    alive = _alive(folder, folder.processes())
    if SUPERVISOR in alive:
        _signal(folder, {SUPERVISOR: alive[SUPERVISOR]}, signal.SIGTERM)
        _wait(folder, alive, folder.drain_seconds() + _STOP_SECONDS_MAX)
    for ending, seconds in _ENDINGS:
        left = _alive(folder, alive)
        _signal(folder, left, ending)
        _wait(folder, left, seconds)
    survivors = sorted(_alive(folder, alive))
    if survivors:
        raise CommandFailed(f"{', '.join(survivors)} did not end.", "process", "Look with `ps`.")
    return sorted(alive)


def _alive(folder: Folder, pids: dict[str, int]) -> dict[str, int]:
    return {name: pid for name, pid in pids.items() if folder.owns(name, pid)}


def _signal(folder: Folder, pids: dict[str, int], number: signal.Signals) -> None:
    for pid in _alive(folder, pids).values():
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
        except PermissionError:
            reason = f"process {pid} belongs to another user."
            raise CommandFailed(reason, "process", "Stop it as that user.", "denied") from None


def _wait(folder: Folder, pids: dict[str, int], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while _alive(folder, pids) and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)


def _check_is_installation(folder: Folder) -> None:
    """Nothing is deleted that `up` did not make. Raises CommandFailed."""
    marks = ("gatewright.db", "installation.json", "run")
    if folder.root.is_symlink() or not any((folder.root / name).exists() for name in marks):
        raise usage(
            f"{folder.root} is no data folder of Gatewright.",
            "--data",
            "Name the one that `up` used.",
        )


def _delete(folder: Folder) -> None:
    try:
        shutil.rmtree(folder.root)
    except OSError as error:
        reason = f"{error.filename or folder.root} can not be deleted: {error.strerror}."
        raise CommandFailed(reason, "data", "Delete the rest by hand.") from None
