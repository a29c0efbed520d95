"""Starts Gatewright as a user does, by its command line, and puts it on the benchmark's cores.

What is measured (its Envoy, or its STS workers) runs on the server's core; the rest of the
product runs with the load generator, so that it takes nothing from what is measured. While it
is being filled, the product has all cores.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from bench import processes
from bench.credentials import SCOPE
from bench.management import Management
from bench.token_endpoint import TokenEndpoint

START_SECONDS_MAX = 60
_SETTINGS = {"GATEWRIGHT_ENVOY_CONCURRENCY": "1", "GATEWRIGHT_STS_WORKERS": "1"}


class TargetError(Exception):
    """Gatewright did not start, or a command of its command line failed."""


@dataclass(frozen=True)
class Gatewright:
    """A running instance: its addresses and the processes to pin and to watch."""

    server: processes.Server
    folder: Path
    measured: str
    urls: Mapping[str, Any]

    @property
    def gateway_url(self) -> str:
        return str(self.urls["gateway"]["production"])

    @property
    def issuer(self) -> str:
        return str(self.urls["sts"])

    def envoy_process_ids(self) -> list[int]:
        """Envoy itself, not the shell that shields it from its supervisor's end."""
        found = processes.named(self.process_ids("envoy"), "envoy")
        return _some(found, "Envoy among the processes of `gatewright status`")

    def sts_process_ids(self) -> list[int]:
        """The workers of the STS, and whatever they have started."""
        return _some(self.process_ids("sts"), "token service in `gatewright status`")

    def pin(self) -> None:
        """Move what is measured to the server's core and all else to the load generator's."""
        measured = set(
            self.sts_process_ids() if self.measured == "sts" else self.envoy_process_ids()
        )
        for process_id in processes.descendants(self.server.process_id):
            core = processes.SERVER_CORE if process_id in measured else processes.LOAD_CORE
            processes.pin(process_id, [core])

    def process_ids(self, name: str) -> list[int]:
        """Those that `gatewright status` lists as NAME or NAME-1, NAME-2 …, and all below them."""
        listed = _status(self.folder)["processes"]
        found = [one["pid"] for key, one in listed.items() if key.partition("-")[0] == name]
        return [below for one in found for below in processes.descendants(one)]

    def management(self) -> Management:
        return Management(f"{self.urls['management']}", management_token(self.folder))

    def token_endpoint(self, client_id: str, client_secret: str, algorithm: str) -> TokenEndpoint:
        """The endpoint of production, by what the issuer's metadata (RFC 8414) says."""
        metadata = fetch_metadata(self.issuer)
        return TokenEndpoint(
            url=metadata["token_endpoint"],
            jwks_url=metadata["jwks_uri"],
            issuer=metadata["issuer"],
            algorithm=algorithm,
            client_id=client_id,
            client_secret=client_secret,
            body=urlencode({"grant_type": "client_credentials", "scope": SCOPE}),
        )


def start(
    servers: processes.Servers,
    name: str,
    measured: str = "gateway",
    settings: Mapping[str, str] | None = None,
) -> Gatewright:
    """Start an empty instance; `measured`, gateway or sts, is what is to be timed.

    Its processes may use all cores until `pin` is called.
    """
    folder = servers.folder / name
    command = [sys.executable, "-m", "gatewright", "up", "--ephemeral", "--no-sample",
               "--data", str(folder)]  # fmt: skip
    environment = {**_environment(folder), **(settings or {})}
    server = servers.start(name, command, processes.LOAD_CORE, environment)
    urls = _wait_for_urls(server, folder)
    processes.wait_for_port(server, urlsplit(urls["gateway"]["production"]).port or 80)
    for process_id in processes.descendants(server.process_id):
        processes.pin(process_id, [processes.SERVER_CORE, processes.LOAD_CORE])
    return Gatewright(server, folder, measured, urls)


def fetch_metadata(issuer: str) -> dict[str, Any]:
    """What an issuer says of itself (RFC 8414): its endpoints by their standard names."""
    parts = urlsplit(issuer)
    url = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def management_token(folder: Path) -> str:
    """The personal access token that the command line uses for this data folder."""
    return (folder / "run" / "cli-token").read_text().strip()


def call_command_line(folder: Path, *arguments: str) -> str:
    """Run one command of Gatewright's command line against the instance; gives what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "gatewright", *arguments],
        env={**os.environ, **_environment(folder)},
        cwd=processes.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode != 0:
        raise TargetError(f"gatewright {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def _wait_for_urls(server: processes.Server, folder: Path) -> Mapping[str, Any]:
    deadline = time.monotonic() + START_SECONDS_MAX
    failure = "it was never asked"
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise TargetError(f"`gatewright up` ended at once:\n{server.log_tail()}")
        try:
            status = _status(folder)
            urls: Mapping[str, Any] = status["urls"]
            fetch_metadata(urls["sts"])
            if "envoy" in status["processes"]:
                return urls
            failure = "Envoy does not run yet"
        except (TargetError, OSError, KeyError, ValueError) as error:
            failure = str(error)
        time.sleep(0.2)
    raise TargetError(f"Gatewright is not up: {failure}\n{server.log_tail()}")


def _status(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call_command_line(folder, "status", "--json"))
    return found


def _environment(folder: Path) -> dict[str, str]:
    source = str(processes.ROOT / "src")
    return {**_SETTINGS, "GATEWRIGHT_DATA": str(folder), "PYTHONPATH": source}


def _some(found: list[int], what: str) -> list[int]:
    if not found:
        raise TargetError(f"there is no {what}")
    return found
