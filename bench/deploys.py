"""Counts the calls that fail while revisions are deployed under load: there must be none."""

import tempfile
import threading
import time
from pathlib import Path

from bench import catalogue, load, processes, report, seeding, target
from bench.management import Management
from bench.options import Options
from bench.peers import envoy

APIS = 10
SEGMENT_SECONDS = 3
# Half the usual load: what is asked is whether calls fail, not how many fit.
CONNECTIONS = 16


class LostDeployError(Exception):
    """A deploy was answered well, and yet its revision is not what the gateway serves."""


def run(options: Options) -> None:
    """Deploy one revision after another while calls to that API and to others run."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-deploys-") as folder,
        processes.Servers(Path(folder)) as servers,
    ):
        upstream = envoy.start_upstream(servers)
        instance = target.start(servers, "gatewright")
        with instance.management() as management:
            seeded = seeding.seed(instance, management, APIS, options.operations, upstream)
            seeding.prove(seeded)
            report.say(f"deploys: {options.deploys} under load")
            with _Caller(seeded) as caller:
                seconds = _deploy(seeded, management, options.deploys)
        calls = sum(result.requests for result in caller.results)
        failed = sum(result.failed for result in caller.results)
    heading = ["", "deploys", "in seconds", "calls meanwhile", "failed"]
    row = ["Gatewright", f"{options.deploys}", f"{seconds:.1f}", f"{calls:,}", f"{failed}"]
    report.print_table("Deploys under load", [heading, row])
    report.write(
        "deploys",
        options.quick,
        {
            "deploys": options.deploys,
            "seconds": seconds,
            "calls": calls,
            "failed": failed,
            "failed_statuses": sum(result.bad_statuses for result in caller.results),
            "failed_sockets": sum(result.socket_errors for result in caller.results),
        },
    )


def _deploy(seeded: seeding.Seeded, management: Management, deploys: int) -> float:
    """Deploy so many different revisions of the first API, the last of them proven live."""
    started = time.monotonic()
    api, token = seeded.apis[0], seeded.tokens(1)[0]
    for number in range(deploys):
        document = catalogue.document(0, seeded.operations, (f"/revision{number}",))
        management.replace_definition(document, catalogue.context(0), catalogue.VERSION)
        management.deploy(api)
    seconds = time.monotonic() - started
    time.sleep(1)
    path = catalogue.gateway_path(0, f"/revision{deploys - 1}")
    status = seeding.call(seeded.target.gateway_url, "GET", path, token)
    if status != 200:
        raise LostDeployError(f"the last revision's own path gives {status}")
    return seconds


class _Caller:
    """Calls the deployed API and its neighbours, run after run, until the deploys are done."""

    def __init__(self, seeded: seeding.Seeded) -> None:
        calls = seeded.calls(seeded.tokens(1), APIS, seeded.operations)
        # Every other call goes to the API that is being deployed.
        changed = calls[: seeded.operations]
        mixed = [
            one
            for turn, call in enumerate(calls[seeded.operations :])
            for one in (changed[turn % len(changed)], call)
        ]
        self._load = seeded.load(mixed)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._failure: Exception | None = None
        self.results: list[load.LoadResult] = []

    def __enter__(self) -> "_Caller":
        self._thread.start()
        # The first deploy must already meet calls.
        time.sleep(0.5)
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._done.is_set():
                self.results.append(
                    load.send(self._load, SEGMENT_SECONDS, CONNECTIONS, allow_failures=True)
                )
        except Exception as error:  # noqa: BLE001 - carried to the thread that waits for us
            self._failure = error
