"""`gatewright up`, `down` and `doctor`: what happens on the machine itself."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from gatewright.interfaces.cli import Check, UpOptions
from gatewright.interfaces.cli.checks import local


@pytest.mark.parametrize(
    ("words", "options"),
    [
        pytest.param((), UpOptions(None, False, True), id="plain"),
        pytest.param(("--ephemeral",), UpOptions(None, True, True), id="ephemeral"),
        pytest.param(("--no-sample",), UpOptions(None, False, False), id="no sample"),
    ],
)
def test_up_hands_its_options_over(run, words, options):
    assert run("up", *words).exit_code == 0
    assert run.ups == [options]


def test_up_takes_the_folder_by_option_or_environment_and_gives_its_code_back(
    run, monkeypatch, tmp_path
):
    run.up_code = 1
    assert run("up", "--data", str(tmp_path)).exit_code == 1
    monkeypatch.setenv("GATEWRIGHT_DATA", str(tmp_path / "b"))
    run("up")
    assert run("up", "--ephemeral").exit_code == 1
    run("up", "--ephemeral", "--data", str(tmp_path / "c"))
    assert [item.data for item in run.ups] == [tmp_path, tmp_path / "b", None, tmp_path / "c"]


@pytest.fixture
def folder(run, tmp_path, monkeypatch):
    """A data folder as `up` makes it."""
    monkeypatch.delenv("GATEWRIGHT_URL")
    monkeypatch.delenv("GATEWRIGHT_TOKEN")
    root = tmp_path / "share" / "gatewright"
    (root / "run").mkdir(parents=True)
    (root / "keys").mkdir()
    root.chmod(0o700)
    for name in ("keys/sealing.key", "keys/pepper-1.key", "gatewright.db", "run/cli-token"):
        (root / name).write_text("x" * 32)
        (root / name).chmod(0o600)
    past = datetime(2026, 11, 24, tzinfo=UTC).timestamp()
    for path in root.rglob("*"):
        os.utime(path, (past, past))
    return root


def write_status(folder, processes):
    urls = {"management": "http://127.0.0.1:8000/api/v1"}
    path = folder / "run" / "status.json"
    path.write_text(json.dumps({"urls": urls, "processes": processes}))
    past = datetime(2026, 11, 24, tzinfo=UTC).timestamp()
    os.utime(path, (past, past))


def sleeper(*words, ignore=False):
    """A process whose command line holds these words."""
    code = "import signal, sys, time\n"
    if ignore:
        code += "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    code += "print('ready', flush=True)\ntime.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdout.close()
    return process


def test_down_ends_what_up_started_and_spares_strangers(run, folder):
    """A process id that was given away meanwhile belongs to somebody else."""
    ours, stranger = sleeper("child", folder), sleeper("stranger")
    try:
        pids = {"control": {"pid": ours.pid}, "sts-1": {"pid": stranger.pid}}
        write_status(folder, pids)
        result = run("down", "--json")
        assert json.loads(result.stdout)["stopped"] == ["control"]
        assert ours.wait(5) == -signal.SIGTERM
        assert stranger.poll() is None
        assert (folder / "gatewright.db").exists()
    finally:
        for process in (ours, stranger):
            process.kill()
            process.wait()


def test_down_kills_what_does_not_end(run, folder, monkeypatch):
    from gatewright.interfaces.cli.commands import up

    monkeypatch.setattr(up, "_ENDINGS", ((signal.SIGTERM, 0.2), (signal.SIGKILL, 3.0)))
    stubborn = sleeper("child", folder, ignore=True)
    try:
        write_status(folder, {"control": {"pid": stubborn.pid}})
        assert run("down").exit_code == 0
        assert stubborn.wait(5) == -signal.SIGKILL
    finally:
        stubborn.kill()
        stubborn.wait()


def test_down_deletes_data_only_with_yes_and_only_ours(run, folder, tmp_path):
    assert run("down", "--delete-data").exit_code == 64
    assert folder.exists()
    other = tmp_path / "precious"
    other.mkdir()
    assert run("down", "--delete-data", "--yes", "--data", str(other)).exit_code == 64
    assert other.exists()
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert run("down", "--delete-data", "--yes", "--data", str(link)).exit_code == 64
    assert run("down", "--delete-data", "--yes").exit_code == 0
    assert not folder.exists()


@pytest.fixture
def healthy(run, fake, folder, status, monkeypatch):
    """An installation that runs, whose ports are held and whose services answer as they should."""
    monkeypatch.setattr(local, "_is_free", lambda _: False)
    child = sleeper("child", folder)
    write_status(folder, {"control": {"pid": child.pid}})
    fake.on("GET", "/status", status)
    path = "/gatewright-doctor-asks-for-nothing"
    fake.table["GET", path] = lambda: httpx2.Response(404)
    issuer = status["urls"]["sts"]
    date = {"Date": "Tue, 24 Nov 2026 12:00:01 GMT"}
    metadata = {"issuer": issuer, "jwks_uri": f"{issuer}/jwks"}
    fake.table["GET", "/.well-known/oauth-authorization-server/sts/default/production"] = lambda: (
        httpx2.Response(200, json=metadata, headers=date)
    )
    jwks = {"keys": [{"kty": "EC", "kid": "k", "crv": "P-256", "x": "x", "y": "y"}]}
    fake.table["GET", "/sts/default/production/jwks"] = lambda: httpx2.Response(200, json=jwks)
    run.checks.append(Check("database", passed=True, detail="SQLite 3.51.3, whole"))
    yield folder
    child.kill()
    child.wait()


def failed(result):
    return [item["name"] for item in json.loads(result.stdout)["checks"] if not item["passed"]]


def test_a_healthy_installation_passes_every_check(run, healthy):
    result = run("doctor", "--json")
    assert failed(result) == []
    assert result.exit_code == 0
    names = [item["name"] for item in json.loads(result.stdout)["checks"]]
    assert names == [
        "data folder", "envoy", "disk", "file modes", "keys", "processes", "clock",
        "port control", "port sts", "port production", "port sandbox", "database",
        "management", "gateways", "gateway production", "gateway sandbox",
        "sts metadata", "sts keys", "sts clock",
    ]  # fmt: skip
    assert "All is well." in run("doctor").stderr


def test_doctor_tells_what_mends_it(run, healthy):
    healthy.chmod(0o755)
    result = run("doctor")
    assert result.exit_code == 1
    assert f"→ chmod 700 {healthy}" in result.stdout
    assert "1 of 19 checks failed." in result.stderr


def break_modes(folder, fake, run, status):
    (folder / "run" / "cli-token").chmod(0o644)


def break_keys(folder, fake, run, status):
    (folder / "keys" / "sealing.key").unlink()


def break_clock(folder, fake, run, status):
    run.now = run.now - timedelta(days=400)


def break_database(folder, fake, run, status):
    run.checks[0] = Check("database", passed=False, detail="damaged", mend="restore")


def break_issuer(folder, fake, run, status):
    fake.table["GET", "/.well-known/oauth-authorization-server/sts/default/production"] = lambda: (
        httpx2.Response(
            200,
            json={"issuer": "https://other", "jwks_uri": status["urls"]["sts"] + "/jwks"},
            headers={"Date": "Tue, 24 Nov 2026 12:00:01 GMT"},
        )
    )


def break_jwks(folder, fake, run, status):
    keys = {"keys": [{"kty": "EC", "kid": "k", "d": "private"}]}
    fake.table["GET", "/sts/default/production/jwks"] = lambda: httpx2.Response(200, json=keys)


def break_gateway(folder, fake, run, status):
    fake.table["GET", "/gatewright-doctor-asks-for-nothing"] = lambda: httpx2.Response(200)


def break_fault(folder, fake, run, status):
    fault = {"api": "books:v1.0", "environment": "p", "reason": "bad", "serving": True}
    fake.on("GET", "/status", {**status, "faults": [fault]})


def break_sequence(folder, fake, run, status):
    fake.on("GET", "/status", {**status, "sequence": 8})


def break_rejection(folder, fake, run, status):
    node = {**status["gateways"][0], "rejection": "no such filter"}
    fake.on("GET", "/status", {**status, "gateways": [node]})


def break_management(folder, fake, run, status):
    def fail():
        raise httpx2.ConnectError("refused")

    fake.table["GET", "/api/v1/status"] = fail


@pytest.mark.parametrize(
    ("breaks", "names"),
    [
        pytest.param(break_modes, ["file modes"], id="token readable by others"),
        pytest.param(break_keys, ["keys"], id="key missing"),
        pytest.param(break_clock, ["clock", "sts clock"], id="clock behind"),
        pytest.param(break_database, ["database"], id="database damaged"),
        pytest.param(break_issuer, ["sts metadata"], id="other issuer"),
        pytest.param(break_jwks, ["sts keys"], id="private key published"),
        pytest.param(break_gateway, ["gateway production", "gateway sandbox"], id="other program"),
        pytest.param(break_fault, ["deployment"], id="fault"),
        pytest.param(break_sequence, ["gateways"], id="gateway behind"),
        pytest.param(break_rejection, ["envoy's answer"], id="rejection"),
        pytest.param(break_management, ["management"], id="nobody answers"),
    ],
)
def test_doctor_finds(run, fake, healthy, status, breaks, names):
    breaks(healthy, fake, run, status)
    result = run("doctor", "--json")
    assert failed(result) == names
    assert result.exit_code == 1


def test_doctor_without_any_installation_says_what_to_run(run, tmp_path, monkeypatch):
    monkeypatch.delenv("GATEWRIGHT_URL")
    result = run("doctor", "--json")
    checks = {item["name"]: item for item in json.loads(result.stdout)["checks"]}
    assert checks["data folder"]["mend"] == "gatewright up"
    assert checks["management"]["mend"] == "gatewright up"
    assert result.exit_code == 1
    assert not (tmp_path / "share").exists()


def test_a_check_of_main_that_breaks_is_a_finding(run, monkeypatch):
    class Broken(list):
        def __iter__(self):
            raise RuntimeError("damaged page")

    run.checks = Broken()
    result = run("doctor", "--json")
    assert "database and keys" in failed(result)
    assert "RuntimeError: damaged page" in result.stdout


def test_a_port_that_a_stranger_holds(run, monkeypatch):
    monkeypatch.setattr(local, "_is_free", lambda port: port != 8080)
    assert "port production" in failed(run("doctor", "--json"))


def test_the_organization_is_shown_and_changed(run, fake):
    found = {"handle": "default", "name": "Default", "signing_algorithm": "RS256",
             "token_ttl_seconds_min": 60, "token_ttl_seconds_max": 3600,
             "key_rotation_days": 90, "key_announcement_seconds": 3600}  # fmt: skip
    fake.on("GET", "/organization", found)
    fake.on("PATCH", "/organization", found)
    assert "RS256" in run("org", "show").stdout
    assert run("org", "set", "--signing-algorithm", "RS256").exit_code == 0
    assert fake.body(1) == {"signing_algorithm": "RS256"}
    assert run("org", "set", "--token-ttl-max", "3600", "--token-ttl-min", "60").exit_code == 0
    assert fake.body(2) == {"token_ttl_seconds_min": 60, "token_ttl_seconds_max": 3600}
    assert run("org", "set").exit_code == 64
