"""Envoy's generations: how the first is started, and the one that takes over from it.

A hot restart hands the listening sockets over (Envoy's own mechanism): the next generation takes
calls while the one before ends those that it has. Its sockets lie in the private run folder, and
its shared memory is the owner's alone.
"""

import contextlib
import hashlib
import json
import os
import socket
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from gatewright.domain.world import World
from gatewright.gateway.envoy import Bootstrap, binary, bootstrap
from gatewright.main.environment import SECRET_VARIABLES
from gatewright.main.folder import Folder, read_json, write_private
from gatewright.main.plan import Layout
from gatewright.main.processes import Program, running

ENVOY = "envoy"
ADS_SOCKET, ADMIN_SOCKET, HOT_SOCKET = "ads", "envoy-admin", "hot"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Envoy keeps it; we only remove what is ours
_BASE_ID_MAX = 200_000_000  # Envoy multiplies it by ten, and has 31 bits for that
_IDS_PER_BASE = 10
_VERSION_SECONDS = 10


@dataclass(frozen=True)
class Generation:
    """One Envoy of this installation: what it was started with, and whether the next one can take
    over from it."""

    base_id: int
    epoch: int
    hot: bool


def envoy_program(folder: Folder, layout: Layout, world: World) -> Program:
    """An Envoy that takes over from nobody. Raises Unavailable when the binary is missing.

    Its base id is new, so that nobody else on the machine can have taken its names.
    """
    before = current(folder)
    if before is not None:
        forget(before)
    base_id = 1 + int.from_bytes(world.random_bytes(4)) % _BASE_ID_MAX
    return _program(folder, layout, world, Generation(base_id, 0, _can_restart_hot()))


def successor(folder: Folder, layout: Layout, world: World, pid: int) -> Program | None:
    """An Envoy that takes over from the one that runs as `pid`; None when it can not."""
    before = current(folder)
    if before is None or not before.hot or not _speak_alike(pid):
        return None
    next_one = Generation(before.base_id, before.epoch + 1, hot=True)
    return _program(folder, layout, world, next_one)


def current(folder: Folder) -> Generation | None:
    """The generation that was started last; None when nothing of it is known."""
    try:
        return Generation(**read_json(_path(folder)))
    except TypeError:
        return None


def remember(folder: Folder, generation: Generation) -> None:
    """Keep it where the next start looks."""
    write_private(_path(folder), json.dumps(asdict(generation)))


def forget(generation: Generation) -> None:
    """Remove the shared memory of an Envoy that has ended; others' can not be removed by us."""
    path = SHARED_MEMORY / f"envoy_shared_memory_{generation.base_id * _IDS_PER_BASE}"
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def alive(folder: Folder) -> list[int]:
    """The process ids of this installation's Envoys, the oldest first.

    Looked up at the kernel: a supervisor that is killed in the middle of a restart has not
    written down whom it started.
    """
    return running(("--config-path", str(_config(folder))))


def node_name(folder: Folder) -> str:
    """What this installation's Envoy is called: the same at each start, and unlike any other's on
    the same database, as gateways that share limits are counted by name."""
    place = f"{socket.gethostname()}:{folder.root.resolve()}"
    return f"embedded-{hashlib.sha256(place.encode()).hexdigest()[:12]}"


def _program(folder: Folder, layout: Layout, world: World, generation: Generation) -> Program:
    config = _config(folder)
    settings = Bootstrap(node_name(folder), folder.socket(ADS_SOCKET), folder.socket(ADMIN_SOCKET))
    _write(config, json.dumps(bootstrap(settings)))
    options = [
        "--config-path", str(config),
        # Deprecations, of what this version of Envoy still wants, are silent.
        "--component-log-level", "misc:error",
        "--log-level", "warning",
        # Calls in flight have this long to end; then idle connections have as long again.
        "--drain-time-s", str(max(1, layout.drain_seconds)),
        "--parent-shutdown-time-s", str(parent_seconds(layout)),
    ]  # fmt: skip
    if layout.envoy_concurrency:
        options += ["--concurrency", str(layout.envoy_concurrency)]
    with contextlib.suppress(OSError):  # a full disk: then the next restart is not hot
        remember(folder, generation)
    return Program(
        ENVOY,
        [str(binary()), *options, *_hot_options(folder, generation)],
        folder.logs / "envoy.log",
        shielded=True,
        withheld=SECRET_VARIABLES,
        again=lambda: envoy_program(folder, layout, world),
    )


def _write(config: Path, text: str) -> None:
    """Write it if it is another: what is there needs no room on a full disk."""
    try:
        same = config.read_text() == text
    except (OSError, UnicodeDecodeError):
        same = False
    if not same:
        write_private(config, text)


def parent_seconds(layout: Layout) -> int:
    """How long the generation before lives on after the next has taken over."""
    return 2 * max(1, layout.drain_seconds)


def _hot_options(folder: Folder, generation: Generation) -> list[str]:
    names = ["--base-id", str(generation.base_id)]
    if not generation.hot:
        return [*names, "--disable-hot-restart"]
    # Without a mode and a private folder, any user of the machine could take the listeners over.
    path = folder.socket(HOT_SOCKET, suffix_bytes=_SUFFIX_BYTES).with_suffix("")
    return [
        *names, "--restart-epoch", str(generation.epoch),
        # What the one before has counted was read from it: else it would be counted twice.
        "--skip-hot-restart-parent-stats",
        "--socket-path", str(path), "--socket-mode", "600",
    ]  # fmt: skip


_SUFFIX_BYTES = len("_udp_parent_4000000009")


def _can_restart_hot() -> bool:
    """It needs shared memory, which containers may lack."""
    return SHARED_MEMORY.is_dir() and os.access(SHARED_MEMORY, os.W_OK)


def _speak_alike(pid: int) -> bool:
    """Whether the installed Envoy can take over from the running one, whose file may be gone."""
    running = _hot_version(f"/proc/{pid}/exe")
    return bool(running) and running == _hot_version(str(binary()))


def _hot_version(program: str) -> str:
    """What both must say alike; Envoy says it on standard error."""
    try:
        done = subprocess.run(  # noqa: S603 - our own binary, or what runs of it
            [program, "--hot-restart-version"],
            capture_output=True, text=True, timeout=_VERSION_SECONDS, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return (done.stdout + done.stderr).strip()


def _config(folder: Folder) -> Path:
    return folder.run / "envoy.json"


def _path(folder: Folder) -> Path:
    return folder.run / "envoy-generation.json"
