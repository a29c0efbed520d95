"""Structured logs: one JSON object a line, written at once; it knows no event in particular."""

import dataclasses
import logging
import traceback
from collections.abc import Callable, Sequence

import orjson

from gatewright.domain.world import World
from gatewright.observability.events import Event, Failed, Line

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_FORM = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_UTC_Z


class Log:
    """Writes events of at least `level` as lines `{at, level, part, event, …}` to `write`."""

    def __init__(
        self, part: str, world: World, write: Callable[[bytes], object], level: str = "info"
    ) -> None:
        self._part = part
        self._world = world
        self._write = write
        self._least = LEVELS.get(level, LEVELS["info"])

    def emit(self, event: Event) -> None:
        """Write one event. Never raises for what an event holds: `str` stands for the unknown."""
        if LEVELS[event.level] < self._least:
            return
        line = {"at": self._world.now(), "level": event.level, "part": self._part}
        members = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
        # Subclasses of str pass through `str`, so that a SecretText is written redacted.
        self._write(orjson.dumps(line | {"event": event.name} | members, str, _FORM))

    def emit_rows(self, kind: type[Event], rows: Sequence[tuple[object, ...]]) -> None:
        """Write many events of one class at once, each given as its moment and its fields.

        It costs a third of as many `emit`; the fields must be strings and numbers without secrets.
        """
        if LEVELS[kind.level] < self._least:
            return
        fixed = {"at": None, "level": kind.level, "part": self._part, "event": kind.name}
        names = ("at", *(field.name for field in dataclasses.fields(kind)))
        lines = (orjson.dumps(fixed | dict(zip(names, row, strict=True)), str, _FORM)
                 for row in rows)  # fmt: skip
        self._write(b"".join(lines))

    def fail(self, where: str, error: BaseException) -> None:
        """Report an unexpected error by its kind and the places it came through.

        Its message is left out: messages of libraries may quote what they were given.
        """
        frames = traceback.extract_tb(error.__traceback__)
        trace = " < ".join(f"{item.name}:{item.lineno}" for item in reversed(frames[-12:]))
        self.emit(Failed(where, type(error).__name__, trace))


class LibraryHandler(logging.Handler):
    """Brings the lines of libraries that use `logging` into a Log."""

    def __init__(self, log: Log, level: int = logging.WARNING) -> None:
        super().__init__(level)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write a library's record as an event; its exception only by kind."""
        if record.exc_info and record.exc_info[1] is not None:
            self._log.fail(record.name, record.exc_info[1])
            return
        self._log.emit(Line(record.name, record.getMessage()[:1000]))


def take_over_logging(log: Log) -> None:
    """Let every library's warnings go to `log`, and nowhere else."""
    root = logging.getLogger()
    root.handlers[:] = [LibraryHandler(log)]
    root.setLevel(logging.WARNING)
