"""What a killed supervisor has left is found, also what it had not written down yet."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatewright.main.folder import Folder
from gatewright.main.generations import alive
from gatewright.main.leftovers import Leftovers

_PROGRAM = "import time; time.sleep(60)"


def test_an_envoy_that_no_status_file_names_is_found(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "an installation")
    with _envoy(folder) as before, _envoy(folder) as newest:
        folder.status.write_text(json.dumps({"processes": {"envoy": {"pid": before}}}))

        leftovers = Leftovers.of(folder, {})

    assert leftovers.envoys == {f"envoy-before-{before}": before, "envoy": newest}
    assert leftovers.inheritance.envoy_lives


def test_an_envoy_behind_its_shield_is_found_once(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    with _envoy(folder, "/bin/sh", "-c", '"$@" & wait', "shield") as shield:
        found = alive(folder)

    assert len(found) == 1
    assert shield not in found


def test_another_installations_envoy_is_left_alone(tmp_path: Path) -> None:
    ours, theirs = _folder(tmp_path / "one"), _folder(tmp_path / "one-more")
    with _envoy(theirs):
        assert Leftovers.of(ours, {}).envoys == {}


def _folder(root: Path) -> Folder:
    folder = Folder(root)
    folder.create()
    return folder


@contextmanager
def _envoy(folder: Folder, *shield: str) -> Iterator[int]:
    """A process that is called as an Envoy of that folder is; its id."""
    program = folder.root / "envoy.py"
    program.write_text(_PROGRAM)
    config = str(folder.run / "envoy.json")
    count = len(alive(folder))
    command = [*shield, sys.executable, str(program), "--config-path", config]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            while len(alive(folder)) == count:
                time.sleep(0.01)
            time.sleep(0.02)  # ticks of the kernel tell who is older
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGKILL)
