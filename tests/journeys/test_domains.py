"""Domains by the command line: added, called, renewed under load, kept over a crash, removed."""

import os
import signal
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.crypto.served import ServerAuthority
from tests.gateway.hosting import Visitor
from tests.journeys.conftest import Installation

pytestmark = pytest.mark.real
HOST = "books.example.test"
PATH = "/reading-list/v1.0/books"


def answers(visitor: Visitor) -> int:
    try:
        return visitor.call(HOST, PATH)[0]
    except OSError:
        return 0


def wait_for(visitor: Visitor, status: int, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while answers(visitor) != status:
        assert time.monotonic() < deadline, answers(visitor)
        time.sleep(0.05)


def test_a_domain_s_life(installation: Installation, tmp_path: Path) -> None:
    authority = ServerAuthority()
    first, second = authority.issue(HOST, days=5), authority.issue(HOST, days=90)
    certificate, key = first.write(tmp_path, "first")
    files = ["--certificate", str(certificate), "--key", str(key)]
    made = installation.json("domain", "add", HOST, *files)
    port = urlsplit(made["url"]).port
    assert port and made["environment"] == "production"
    visitor = Visitor(port, authority)
    wait_for(visitor, 401)
    token = installation.run("token", "demo-app", "--scope", "books:read").strip()
    bearer = {"Authorization": f"Bearer {token}"}
    assert visitor.call(HOST, PATH, headers=bearer)[0] == 200

    assert "renew it" in installation.run("domain", "list")
    assert f"domain {HOST}" in installation.run("doctor", code=1)
    certificate, key = second.write(tmp_path, "second")
    installation.run("domain", "renew", HOST, "--certificate", str(certificate), "--key", str(key))
    deadline = time.monotonic() + 5
    while visitor.certificate(HOST) != second.der:
        assert time.monotonic() < deadline
    installation.run("doctor")

    for part in ("gateway", "envoy"):
        os.kill(installation.pid(part), signal.SIGKILL)
    time.sleep(0.2)
    wait_for(visitor, 401)
    assert visitor.certificate(HOST) == second.der
    installation.run("gateway", "restart")
    assert visitor.certificate(HOST) == second.der

    clear = "".join(second.key.splitlines()[1:3])
    for path in installation.data.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert clear.encode() not in content and clear[:60].encode() not in content, path
    installation.run("domain", "remove", HOST, "--yes")
    wait_for(visitor, 0)
    installation.run("domain", "renew", HOST, *files, code=3)


def test_a_certificate_of_another_host_is_refused_with_its_names(
    installation: Installation, tmp_path: Path
) -> None:
    certificate, key = ServerAuthority().issue("other.example.test").write(tmp_path)
    files = ["--certificate", str(certificate), "--key", str(key)]
    installation.run("domain", "add", HOST, *files, code=1)
    assert installation.json("domain", "list")["items"] == []
