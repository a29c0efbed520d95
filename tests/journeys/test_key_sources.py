"""The sealing key from the environment, a wrong one, a new one; and keys in a program of ours."""

import base64
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.journeys.conftest import ROOT, Installation, call, start

pytestmark = pytest.mark.real
PATH = "/reading-list/v1.0/books"
SIGNER = ROOT / "tests" / "sts" / "signer.py"


def key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def command(installation: Installation, *words: str, **variables: str):
    return subprocess.run(
        [sys.executable, "-m", "gatewright", *words],
        env=installation.environment | variables,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def serves(installation: Installation) -> bool:
    token = installation.run("token", "demo-app").strip()
    url = installation.urls["gateway"]["production"] + PATH
    return call(url, token).status_code == 200


def environment_of(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_text()


def test_a_sealing_key_of_the_environment_from_start_to_replacement(tmp_path: Path) -> None:
    data, old, new = tmp_path / "data", key(), key()
    installation = start(data, GATEWRIGHT_SEALING_KEY=old)
    try:
        assert serves(installation)
        assert not (data / "keys" / "sealing.key").exists()
        assert old in environment_of(installation.pid("sts-1"))
        for stranger in ("envoy", "gateway", "sample", "proofs"):
            assert old not in environment_of(installation.pid(stranger))
        assert "not tried" in command(installation, "doctor").stdout
        told = command(installation, "keys", "reseal", GATEWRIGHT_SEALING_KEY=old)
        assert told.returncode != 0 and "already runs" in told.stderr
    finally:
        installation.stop()
    wrong = command(installation, "up", GATEWRIGHT_SEALING_KEY=new)
    assert wrong.returncode == 1 and "GATEWRIGHT_SEALING_KEY" in wrong.stdout + wrong.stderr
    both = {"GATEWRIGHT_SEALING_KEY": old, "GATEWRIGHT_NEW_SEALING_KEY": new}
    assert "2 private keys sealed anew" in command(installation, "keys", "reseal", **both).stdout
    again = command(installation, "keys", "reseal", **both)
    assert "0 private keys" in again.stdout, "a run that was cut off can be repeated"
    shown = shlex.join([sys.executable, "-c", f"print({new!r})"])
    installation = start(data, GATEWRIGHT_SEALING_KEY_COMMAND=shown)
    try:
        assert serves(installation)
        kept = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
        assert old.encode() not in kept and new.encode() not in kept
    finally:
        installation.stop()


def test_a_sealing_key_in_its_file_is_replaced(tmp_path: Path) -> None:
    data = tmp_path / "data"
    installation = start(data)
    installation.stop()
    before = (data / "keys" / "sealing.key").read_bytes()
    assert "2 private keys sealed anew" in command(installation, "keys", "reseal").stdout
    assert (data / "keys" / "sealing.key").read_bytes() != before
    assert [path.name for path in (data / "keys").glob("sealing*")] == ["sealing.key"]
    installation = start(data)
    try:
        assert serves(installation)
        assert command(installation, "doctor").returncode == 0
    finally:
        installation.stop()


def test_a_lost_sealing_key_is_told_and_has_a_way_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    start(data).stop()
    (data / "keys" / "sealing.key").unlink()
    refused = command(installation_of(data), "up")
    assert refused.returncode == 1 and "--discard-lost" in refused.stdout + refused.stderr
    failed = command(installation_of(data), "keys", "reseal")
    assert failed.returncode != 0 and "can not be decrypted" in failed.stderr
    done = command(installation_of(data), "keys", "reseal", "--discard-lost")
    assert "0 private keys" in done.stdout
    installation = start(data)
    try:
        assert serves(installation)
    finally:
        installation.stop()


def installation_of(data: Path) -> Installation:
    """One that does not run."""
    return Installation(None, data, "")  # type: ignore[arg-type]


def test_keys_in_a_program_sign_for_the_real_gateway(tmp_path: Path) -> None:
    folder = tmp_path / "hsm"
    folder.mkdir()
    program = shlex.join([sys.executable, str(SIGNER), str(folder)])
    installation = start(tmp_path / "data", GATEWRIGHT_SIGNER_COMMAND=program)
    try:
        assert serves(installation)
        installation.run("keys", "rotate", "--now")
        assert serves(installation)
        items = installation.json("keys", "list")["items"]
        assert {item["backend"] for item in items} == {"command"}
        installation.run("keys", "rotate", "--emergency", "--yes")
        assert serves(installation)
    finally:
        installation.stop()
