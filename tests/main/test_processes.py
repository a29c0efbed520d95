"""Children are started again when they end, stopped, and never confused with strangers."""

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gatewright.main.folder import Folder
from gatewright.main.keyring import without_secrets
from gatewright.main.plan import python_program
from gatewright.main.processes import Program, Supervisor, end
from gatewright.main.processes import _environment as environment_of

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True);"
        "time.sleep(60)"
    ),
]


def program(tmp_path: Path, name: str, command: list[str]) -> Program:
    return Program(name, command, tmp_path / f"{name}.log")


@pytest.mark.parametrize(("role", "gets"), [
    pytest.param("control", True, id="control"),
    pytest.param("sts", True, id="token service"),
    pytest.param("gateway", False, id="gateway"),
    pytest.param("proofs", False, id="proofs"),
    pytest.param("sample", False, id="sample"),
])  # fmt: skip
@pytest.mark.parametrize("name", [
    "GATEWRIGHT_SEALING_KEY", "GATEWRIGHT_PEPPERS", "GATEWRIGHT_DATABASE_URL",
])  # fmt: skip
def test_a_child_gets_no_secret_that_it_has_no_use_for(
    tmp_path, monkeypatch, role: str, gets: bool, name: str
) -> None:
    monkeypatch.setenv(name, "hush")
    child = python_program(Folder(tmp_path), role, role, None)
    assert (name in environment_of(child)) is gets
    assert name not in without_secrets(os.environ), "what signers and key commands are given"


async def until(condition, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.real
def test_a_killed_child_is_back_with_another_pid(tmp_path: Path) -> None:
    async def scenario() -> None:
        seen: list[dict[str, int]] = []
        supervisor = Supervisor(seen.append, die_with_us=True)
        await supervisor.start(program(tmp_path, "child", SLEEP))
        first = supervisor.pids["child"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: supervisor.pids.get("child", first) != first)
        assert supervisor.restarts == {"child": 1}
        assert seen[-1] == supervisor.pids
        await supervisor.stop()
        assert supervisor.pids == {}

    asyncio.run(scenario())


@pytest.mark.real
def test_a_child_is_kept_though_nobody_can_be_told(tmp_path: Path) -> None:
    def full(pids: dict[str, int]) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def scenario() -> None:
        supervisor = Supervisor(full, die_with_us=True)
        await supervisor.start(program(tmp_path, "child", SLEEP))
        for _ in range(2):
            before = supervisor.pids["child"]
            os.kill(before, signal.SIGKILL)
            await until(lambda before=before: supervisor.pids.get("child", before) != before)
        await supervisor.stop()

    asyncio.run(scenario())


def test_a_log_that_has_no_room_to_be_kept_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatewright.main.processes._LOG_BYTES_MAX", 3)
    log = tmp_path / "child.log"
    log.write_text("long")
    (tmp_path / "child.log.1").mkdir()  # can not be written

    Supervisor.trim_logs(tmp_path)

    assert log.read_text() == "long"


@pytest.mark.real
def test_a_child_that_can_not_be_started_for_a_while_is_started_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatewright.main.processes._RESTART_SECONDS", (0.0, 0.05))
    binary = tmp_path / "sleeper"
    binary.symlink_to("/bin/sleep")

    async def scenario() -> None:
        supervisor = Supervisor(lambda pids: None, die_with_us=True)
        await supervisor.start(program(tmp_path, "child", [str(binary), "60"]))
        first = supervisor.pids["child"]
        binary.unlink()
        os.kill(first, signal.SIGKILL)
        await until(lambda: "child" not in supervisor.pids)
        await asyncio.sleep(0.2)
        binary.symlink_to("/bin/sleep")
        await until(lambda: supervisor.pids.get("child", first) != first)
        await supervisor.stop()

    asyncio.run(scenario())


@pytest.mark.real
def test_a_child_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    async def scenario() -> None:
        supervisor = Supervisor(lambda pids: None, die_with_us=True)
        await supervisor.start(program(tmp_path, "stubborn", STUBBORN))
        pid = supervisor.pids["stubborn"]
        await until(lambda: (tmp_path / "stubborn.log").read_text() == "1\n")
        await supervisor.stop(grace_seconds=0.2)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    asyncio.run(scenario())


@pytest.mark.real
def test_a_shielded_child_outlives_its_supervisor_and_stops_with_its_shield(tmp_path: Path) -> None:
    """The child asks for a signal at its parent's death, as Envoy does."""
    dies = "import ctypes, time; ctypes.CDLL(None).prctl(1, 15); time.sleep(60)"
    script = f"""
import asyncio, pathlib, time
from gatewright.main.processes import Program, Supervisor
async def main():
    supervisor = Supervisor(lambda pids: None, die_with_us=False)
    command = [{sys.executable!r}, "-c", {dies!r}]
    await supervisor.start(Program("c", command, pathlib.Path("{tmp_path}/c.log"), shielded=True))
    print(supervisor.pids["c"], flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    with parent.stdout:
        pid = int(parent.stdout.readline())
    shield = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()[1])
    parent.kill()
    parent.wait()
    time.sleep(0.3)
    os.kill(pid, 0)
    os.kill(shield, signal.SIGTERM)

    def gone() -> bool:
        status = Path(f"/proc/{pid}/status")
        return not status.exists() or "State:\tZ" in status.read_text()

    asyncio.run(until(gone))


@pytest.mark.real
def test_only_processes_with_the_marker_are_ended() -> None:
    ours = subprocess.Popen([*SLEEP, "marker-7f3a"])
    stranger = subprocess.Popen(SLEEP)
    try:
        ended = end({"ours": ours.pid, "stranger": stranger.pid}, "marker-7f3a", grace_seconds=0.5)
        assert ended == ["ours"]
        assert ours.wait(5) == -signal.SIGTERM
        assert stranger.poll() is None
    finally:
        for process in (ours, stranger):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
