"""What `gatewright up` says: steps with their time, addresses, and a command to copy."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Talk:
    """Writes lines to a terminal or a pipe, each at once; colour only for a terminal."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._colour = self._out.isatty() and "NO_COLOR" not in os.environ
        self._started = time.monotonic()

    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._started

    def say(self, line: str = "") -> None:
        """One line."""
        self._out.write(line + "\n")
        self._out.flush()

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """A step of the start; what is put into the list is said after its name, with its time."""
        words: list[str] = []
        began = time.monotonic()
        yield words
        seconds = time.monotonic() - began
        self.say(f"  {self._green('✓')} {name:<16} {' '.join(words):<58} {seconds:4.1f} s")

    def bold(self, text: str) -> str:
        """Heavier on a terminal."""
        return f"\x1b[1m{text}\x1b[0m" if self._colour else text

    def _green(self, text: str) -> str:
        return f"\x1b[32m{text}\x1b[0m" if self._colour else text
