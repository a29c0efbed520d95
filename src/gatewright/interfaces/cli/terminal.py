"""What is written to the terminal: results to stdout, talk to stderr, nothing raw from outside.

Names come from other people; a control character in one could move the cursor or hide text, so
every text passes `clean`.
"""

import json
import os
import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from gatewright.interfaces.cli.failure import CommandFailed

# C0, DEL, C1, line and paragraph separators, and what reorders or hides text.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_BOLD, _GREEN, _RED, _DIM = "1", "32", "31", "2"


def clean(text: object) -> str:
    """The text in one line, with unsafe characters written as escapes such as `\\x1b`."""
    return _UNSAFE.sub(lambda match: _escape(match[0]), str(text))


def clean_lines(text: str) -> str:
    """As `clean`, with line feeds and tabs kept: for texts of our own making."""
    return "\n".join("\t".join(map(clean, line.split("\t"))) for line in text.split("\n"))


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"


class Terminal:
    """The two streams, and whether people watch them. With `as_json`, stdout takes one document
    and no other text."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json

    @property
    def watched(self) -> bool:
        """Whether a person sees what is said, so that progress makes sense."""
        return sys.stderr.isatty() and not self.as_json

    @property
    def can_ask(self) -> bool:
        """Whether a question would be answered by a person."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def write(self, line: str = "") -> None:
        """A line of the result. The caller has cleaned what came from outside."""
        _put(sys.stdout, line + "\n")

    def document(self, content: Any) -> None:
        """The machine's result: ASCII JSON, so that no character of it can act on a terminal."""
        _put(sys.stdout, json.dumps(content, indent=2) + "\n")

    def say(self, line: str = "") -> None:
        """A line of talk."""
        _put(sys.stderr, line + "\n")

    def next_step(self, *words: str) -> None:
        """The command that most people run now, quoted for a shell."""
        command = shlex.join(["gatewright", *words])
        self.say(f"{paint('next:', _DIM, sys.stderr)} {clean(command)}")

    def progress(self, text: str) -> None:
        """Replace the line that is being written; an empty text takes it away."""
        if self.watched:
            _put(sys.stderr, f"\r\x1b[K{clean(text)}")

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Columns as wide as they need; never wrapped, so that `grep` and `cut` work."""
        lines = [[clean(cell) for cell in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
        self.write(bold("  ".join(map(str.ljust, heads, widths)).rstrip()))
        for line in lines:
            self.write("  ".join(map(str.ljust, line, widths)).rstrip())

    def pairs(self, pairs: Iterable[tuple[str, object]]) -> None:
        """Names and values, one to a line."""
        kept = [(clean(name), clean(value)) for name, value in pairs]
        width = max((len(name) for name, _ in kept), default=0)
        for name, value in kept:
            self.write(f"{name.ljust(width)}  {value}".rstrip())

    def fail(self, error: CommandFailed) -> None:
        """Say what went wrong, where, and the way out."""
        told = error.field and error.reason.startswith(f"{error.field}: ")
        subject = f"{clean(error.field)}: " if error.field and not told else ""
        head = paint(f"error[{clean(error.code)}]:", _RED, sys.stderr)
        self.say(f"{head} {subject}{clean(error.reason)}")
        for name, reason in error.items if len(error.items) > 1 or not told else ():
            self.say(f"  {clean(name)}: {clean(reason)}")
        if error.way_out:
            self.say(f"  → {clean(error.way_out)}")
        for note in error.notes:
            self.say(clean_lines(note))
        if self.as_json:
            self.document({"error": failure_document(error)} | error.extra)


def failure_document(error: CommandFailed) -> dict[str, Any]:
    """The error as `--json` shows it."""
    return {
        "code": error.code,
        "field": error.field,
        "reason": error.reason,
        "way_out": error.way_out,
        "exit_code": int(error.exit_code),
        "errors": [{"field": name, "reason": reason} for name, reason in error.items],
    }


def paint(text: str, colour: str, stream: TextIO) -> str:
    """Coloured for a terminal whose owner did not set NO_COLOR (no-color.org)."""
    if not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{colour}m{text}\x1b[0m"


def bold(text: str) -> str:
    """Heavier on a terminal."""
    return paint(text, _BOLD, sys.stdout)


def mark(*, passed: bool) -> str:
    """✓ or ✗."""
    return paint("✓", _GREEN, sys.stdout) if passed else paint("✗", _RED, sys.stdout)


def _put(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a terminal of an old character set
        stream.write(text.encode("ascii", "backslashreplace").decode())
    stream.flush()
