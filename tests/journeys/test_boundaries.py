"""What other users of the machine, and of the network, can reach: loopback ports and no more."""

import re
from pathlib import Path

import httpx2
import pytest
from tests.journeys.conftest import Installation

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not Path("/proc/net/unix").exists(), reason="reads Linux's /proc"),
]
LISTENING = "0A"


def sockets(pid: int) -> set[str]:
    """The inodes of the sockets that a process holds."""
    entries = Path(f"/proc/{pid}/fd").iterdir()
    links = [str(entry.readlink()) for entry in entries if entry.is_symlink()]
    return {found[1] for link in links if (found := re.fullmatch(r"socket:\[(\d+)\]", link))}


def own_rows(installation: Installation, table: str, column: int) -> list[list[str]]:
    """The rows of a table of /proc/net that belong to the installation's processes."""
    pids = [item["pid"] for item in installation.json("status")["processes"].values()]
    inodes = set[str]().union(*(sockets(pid) for pid in pids))
    rows = [line.split() for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    return [row for row in rows if len(row) > column and row[column] in inodes]


def test_no_socket_is_open_to_every_user_of_the_machine(installation: Installation) -> None:
    """Abstract unix sockets have no permissions; Envoy's hot restart would hand listeners out."""
    rows = own_rows(installation, "unix", 6)
    paths = [row[7] for row in rows if len(row) > 7]
    assert paths, "the discovery socket at least must be seen"
    assert not [path for path in paths if path.startswith("@")]


def test_everything_listens_on_loopback_only(installation: Installation) -> None:
    rows = [row for row in own_rows(installation, "tcp", 9) if row[3] == LISTENING]
    assert len({row[1] for row in rows}) >= 5
    assert {row[1].partition(":")[0] for row in rows} == {"0100007F"}
    assert not [row for row in own_rows(installation, "tcp6", 9) if row[3] == LISTENING]


def test_every_file_is_the_owner_s_alone(installation: Installation) -> None:
    installation.run("token", "demo-app")
    for path in [installation.data, *installation.data.rglob("*")]:
        if path.name == ".gitignore" or path.is_symlink():
            continue
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_console_s_session_never_reaches_an_upstream(
    installation: Installation, upstream: str
) -> None:
    """Console and gateways share a host name here, and cookies know no port."""
    document = Path(__file__).with_name("shop.yaml")
    options = ["--context", "/shop", "--upstream", upstream]
    for name in ("/api", "/console"):
        installation.run("api", "import", str(document), "--context", name, code=1)
    installation.run("api", "import", str(document), *options)
    installation.run("api", "deploy", "corner-shop")
    link = installation.run("login-link").strip()
    with httpx2.Client(headers={"sec-fetch-site": "same-origin"}) as browser:
        assert browser.post(link).status_code == 303
        assert browser.cookies.jar
        gateway = installation.urls["gateway"]["production"]
        seen = browser.get(f"{gateway}/shop/v2.3/opening-hours")
        assert seen.status_code == 200
        assert "cookie" not in seen.json()["headers"]
