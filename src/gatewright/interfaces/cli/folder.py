"""What the command line reads in the data folder: what runs, at which addresses, with which token.

`main` writes these files; nothing is written here.
"""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE_BYTES_MAX = 1_000_000
SUPERVISOR = "supervisor"


@dataclass(frozen=True)
class Folder:
    """A data folder, which need not exist."""

    root: Path

    @property
    def status_path(self) -> Path:
        """URLs and process ids of what runs."""
        return self.root / "run" / "status.json"

    @property
    def token_path(self) -> Path:
        """The owner's personal access token."""
        return self.root / "run" / "cli-token"

    def status(self) -> dict[str, Any]:
        """What the last `up` wrote, or an empty object."""
        return read_object(self.status_path)

    def installation(self) -> dict[str, Any]:
        """The ports of the last start, or an empty object."""
        return read_object(self.root / "installation.json")

    def token(self) -> str | None:
        """The token's text, or None."""
        return read_line(self.token_path)

    def management_url(self) -> str | None:
        """Where the management API listens on this machine, without `/api/v1`: its public name need
        not lead here. None when nothing was started."""
        status = self.status()
        for urls in (status.get("local_urls"), status.get("urls")):
            url = urls.get("management") if isinstance(urls, dict) else None
            if isinstance(url, str):
                return url.rstrip("/").removesuffix("/api/v1")
        return None

    def processes(self) -> dict[str, int]:
        """Process ids by name, as written; they may have ended since."""
        status = self.status()
        found = status.get("processes") or status.get("pids") or {}
        if not isinstance(found, dict):
            return {}
        pids = {name: item.get("pid") if isinstance(item, dict) else item
                for name, item in found.items()}  # fmt: skip
        return {name: pid for name, pid in pids.items() if isinstance(pid, int) and pid > 1}

    def drain_seconds(self) -> float:
        """How long the supervisor waits for calls in flight before it stops."""
        found = self.status().get("drain_seconds", 0)
        return float(found) if isinstance(found, int) else 0.0

    def running(self) -> dict[str, bool]:
        """Which of the processes are alive and ours."""
        return {name: self.owns(name, pid) for name, pid in self.processes().items()}

    def owns(self, name: str, pid: int) -> bool:
        """Whether that process lives and is this folder's: ids are given away again. A child
        has the folder in its command line; the supervisor need not, when it is the default."""
        line = command_line(pid)
        if name == SUPERVISOR:
            return "gatewright" in line and " up" in line
        return str(self.root) in line


def folder_of(data: Path | None, environment: Mapping[str, str], here: Path) -> Folder:
    """The folder asked for, else `./.gatewright` beside a gatewright.yaml, else the user's."""
    if data is not None:
        return Folder(data.expanduser().absolute())
    if (here / "gatewright.yaml").exists():
        return Folder(here / ".gatewright")
    home = environment.get("XDG_DATA_HOME") or str(Path("~/.local/share").expanduser())
    return Folder(Path(home) / "gatewright")


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file, or an empty one when there is none or it is damaged."""
    try:
        content = json.loads(path.read_bytes()[:_FILE_BYTES_MAX])
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def read_line(path: Path) -> str | None:
    """The first line of a small file, or None when there is none."""
    try:
        text = path.read_text(errors="replace")[:_FILE_BYTES_MAX].strip()
    except OSError:
        return None
    return text.splitlines()[0].strip() if text else None


def command_line(pid: int) -> str:
    """The command line of a living process, or an empty text."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return ""
    except PermissionError:
        pass
    proc = Path(f"/proc/{pid}")
    if proc.exists():
        try:
            state = re.search(r"^State:\s+(\w)", (proc / "status").read_text(), re.MULTILINE)
            line = (proc / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
        return "" if state and state[1] == "Z" else line
    command = ["ps", "-p", str(pid), "-o", "command="]
    try:
        return subprocess.run(  # noqa: S603 - the only variable part is a number
            command, capture_output=True, text=True, timeout=5, check=False
        ).stdout.strip()
    except OSError:
        return ""
