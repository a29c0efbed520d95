"""The data folder: where it is and what lies where in it."""

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatewright.domain.errors import Unavailable

_SOCKET_PATH_BYTES_MAX = 100  # the kernel's sun_path holds 108 bytes with its end


@dataclass(frozen=True)
class Folder:
    """The data folder, mode 0700: a stranger on the machine reads nothing in it."""

    root: Path

    @property
    def database(self) -> Path:
        """The embedded SQLite database."""
        return self.root / "gatewright.db"

    @property
    def keys(self) -> Path:
        """The keyring's files; without them the database is of no use."""
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        """One file for each process."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """What is of use while it runs only, besides the CLI's token."""
        return self.root / "run"

    @property
    def metrics(self) -> Path:
        """One file of numbers for each process, of this run only."""
        return self.run / "metrics"

    @property
    def status(self) -> Path:
        """URLs and process ids of what runs."""
        return self.run / "status.json"

    @property
    def cli_token(self) -> Path:
        """The owner's personal access token for the command line on this machine."""
        return self.run / "cli-token"

    @property
    def installation(self) -> Path:
        """The ports of the last start, and whether the sample is there."""
        return self.root / "installation.json"

    @property
    def snapshot(self) -> Path:
        """What the gateways serve, for a start without the control plane."""
        return self.root / "gateway.snapshot"

    def socket(self, name: str, suffix_bytes: int = 0) -> Path:
        """A unix socket's path, short enough for the kernel even with so much put at its end."""
        path = self.run / f"{name}.sock"
        if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES_MAX - suffix_bytes:
            return path
        identity = f"{self.root.stat().st_dev:x}-{self.root.stat().st_ino:x}"
        folder = Path(tempfile.gettempdir()) / f"gatewright-{os.getuid()}-{identity}"
        _make_private(folder)
        return folder / f"{name}.sock"

    def create(self) -> None:
        """Make the folders that are missing. Raises Unavailable when that is not allowed."""
        for path in (self.root, self.logs, self.run, self.metrics):
            _make_private(path)
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")


def empty(folder: Path) -> None:
    """Remove the files of a folder that is there."""
    for path in folder.iterdir():
        path.unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file, or an empty one when there is none or it is damaged."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_private(path: Path, text: str) -> None:
    """Write whole or not at all, readable by the owner only."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


@contextlib.contextmanager
def only_one(folder: Folder) -> Iterator[None]:
    """Two at once would fight over the same ports and processes. Raises Unavailable."""
    descriptor = os.open(folder.run / "up.lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        url = read_json(folder.status).get("urls", {}).get("portal", "its ports")
        raise Unavailable(
            f"it already runs with this data folder, at {url}.",
            "data",
            "Stop that one (gatewright down) or choose --data DIR.",
        ) from None
    try:
        yield
    finally:
        os.close(descriptor)


def is_free(folder: Folder) -> bool:
    """Whether no `up` runs with this data folder."""
    descriptor = os.open(folder.run / "up.lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _make_private(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.stat().st_uid != os.getuid():
            raise Unavailable(f"{path} belongs to another user.", "data", "Choose --data DIR.")
        path.chmod(0o700)
    except OSError as error:
        raise Unavailable(
            f"{path} can not be made: {error.strerror}.", "data", "Choose --data DIR."
        ) from None
