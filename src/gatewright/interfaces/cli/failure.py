"""How a command ends badly: exit codes, and the one error that carries them."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from gatewright.domain.errors import GatewrightError


class ExitCode(IntEnum):
    """What scripts may rely on. DIFFERENT is kept for commands that compare."""

    OK = 0
    ERROR = 1
    DIFFERENT = 2
    NOT_FOUND = 3
    DENIED = 4
    UNREACHABLE = 5
    USAGE = 64


_BY_STATUS = {
    401: ExitCode.DENIED,
    403: ExitCode.DENIED,
    404: ExitCode.NOT_FOUND,
    502: ExitCode.UNREACHABLE,
    503: ExitCode.UNREACHABLE,
    504: ExitCode.UNREACHABLE,
}


def exit_code_of(status: int) -> ExitCode:
    """The exit code for an HTTP status: 0 below 400."""
    if status < 400:
        return ExitCode.OK
    return _BY_STATUS.get(status, ExitCode.ERROR)


@dataclass(eq=False)
class CommandFailed(GatewrightError):
    """A command that did not do what it was asked. `items` are further (field, reason) pairs;
    `extra` goes out with `--json`, and `notes` to a person."""

    code: str = "error"
    exit_code: ExitCode = ExitCode.ERROR
    items: tuple[tuple[str, str], ...] = ()
    extra: dict[str, Any] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)


def usage(reason: str, field_name: str, way_out: str) -> CommandFailed:
    """A command line that can not be meant."""
    return CommandFailed(reason, field_name, way_out, "usage", ExitCode.USAGE)


def not_found(reason: str, field_name: str, way_out: str) -> CommandFailed:
    """Nothing of that name."""
    return CommandFailed(reason, field_name, way_out, "not-found", ExitCode.NOT_FOUND)


def unreachable(reason: str, way_out: str) -> CommandFailed:
    """Nobody answers."""
    return CommandFailed(reason, None, way_out, "unreachable", ExitCode.UNREACHABLE)
