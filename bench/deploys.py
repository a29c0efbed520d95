"""Counts the calls that fail while revisions are deployed under load: there must be none.

One deploy in ten is spoiled on its way: half of those can not be compiled, the others Envoy itself
refuses. The API serves on as it was, and so does everybody else's.
"""

import re
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

from bench import catalogue, load, processes, report, seeding, target
from bench.management import Management
from bench.options import Options
from bench.peers import envoy
from gatewright.domain.ids import new_id
from gatewright.main.folder import Folder
from gatewright.main.world import real_world
from gatewright.store.sql.opening import open_store

APIS = 10
SEGMENT_SECONDS = 3
CONNECTIONS = 32
LOAD_SHARE = 0.7
SPOILED_EVERY = 10
# A port that no URL can have does not compile; of a path with so many parameters Envoy refuses
# the pattern, as its program is over the size that the gateway sets.
NO_UPSTREAM = "http://127.0.0.1:99999"
HUGE_PATH = "".join(f"/{{a{number}}}-{{b{number}}}" for number in range(2000))


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
            peak = seeded.load(_mixed(seeded))
            rate = load.send(peak, options.seconds, CONNECTIONS).rate
            with _Caller(peak, rate * LOAD_SHARE) as caller:
                seconds, spoiled = _deploy(seeded, management, options.deploys)
        calls = sum(result.requests for result in caller.results)
        failed = sum(result.failed for result in caller.results)
    reached = calls / sum(result.seconds for result in caller.results) / rate
    heading = ["", "deploys", "spoiled", "in seconds", "of peak", "calls meanwhile", "failed"]
    row = ["Gatewright", f"{options.deploys}", f"{spoiled}", f"{seconds:.1f}", f"{reached:.0%}",
           f"{calls:,}", f"{failed}"]  # fmt: skip
    report.print_table("Deploys under load", [heading, row])
    report.write(
        "deploys",
        options.quick,
        {
            "deploys": options.deploys,
            "spoiled": spoiled,
            "share_of_peak": reached,
            "seconds": seconds,
            "calls": calls,
            "failed": failed,
            "failed_statuses": sum(result.bad_statuses for result in caller.results),
            "failed_sockets": sum(result.socket_errors for result in caller.results),
        },
    )


def _deploy(seeded: seeding.Seeded, management: Management, deploys: int) -> tuple[float, int]:
    """Deploy so many revisions of the first API, some spoiled; the last good one is proven live."""
    started, spoiled = time.monotonic(), 0
    api, token = seeded.apis[0], seeded.tokens(1)[0]
    for number in range(deploys):
        if number % SPOILED_EVERY == SPOILED_EVERY // 2:
            _spoil(seeded.target.folder, api, spoiled)
            spoiled += 1
            time.sleep(0.1)
            _prove_refused(seeded, token)
            continue
        document = catalogue.document(0, seeded.operations, (f"/revision{number}",))
        management.replace_definition(document, catalogue.context(0), catalogue.VERSION)
        management.deploy(api)
    seconds = time.monotonic() - started
    time.sleep(1)
    path = catalogue.gateway_path(0, f"/revision{deploys - 1}")
    status = seeding.call(seeded.target.gateway_url, "GET", path, token)
    if status != 200:
        raise LostDeployError(f"the last revision's own path gives {status}")
    return seconds, spoiled


def _spoil(folder: Path, api: str, number: int) -> None:
    """Write a deployment as the management API never would: one kind and the other in turn."""
    world = real_world()
    store = open_store(f"sqlite:///{Folder(folder).database}", world)
    try:
        with store.write() as tx:
            (deployment,) = tx.deployments.find(api_id=api)
            spoiled = replace(deployment, upstream=NO_UPSTREAM)
            if number % 2:
                revision = tx.revisions.get(deployment.revision_id)
                assert revision is not None
                huge = replace(revision.definition.operations[0], path=HUGE_PATH)
                operations = (*revision.definition.operations, huge)
                made = replace(
                    revision,
                    id=new_id("rev", world),
                    number=tx.revisions.count(api_id=api) + 1,
                    definition=replace(revision.definition, operations=operations),
                )
                tx.revisions.add(made)
                spoiled = replace(deployment, revision_id=made.id)
            tx.deployments.replace(spoiled)
    finally:
        store.close()


def _prove_refused(seeded: seeding.Seeded, token: str) -> None:
    """The API serves what it served before: its first path, and not the one Envoy refused."""
    huge = re.sub(r"\{[^}]*\}", "x", HUGE_PATH)
    for path, wanted in ((catalogue.call_path(0, 0), 200), (f"/bench0/v1.0{huge}", 404)):
        status = seeding.call(seeded.target.gateway_url, "GET", path, token)
        if status != wanted:
            raise LostDeployError(f"after a spoiled deploy {path[:40]} gives {status}")


def _mixed(seeded: seeding.Seeded) -> list[load.Call]:
    """Every other call goes to the API that is being deployed."""
    calls = seeded.calls(seeded.tokens(1), APIS, seeded.operations)
    changed = calls[: seeded.operations]
    return [
        one
        for turn, call in enumerate(calls[seeded.operations :])
        for one in (changed[turn % len(changed)], call)
    ]


class _Caller:
    """Calls the deployed API and its neighbours, run after run, until the deploys are done."""

    def __init__(self, sent: load.Load, rate: float) -> None:
        self._load = sent
        self._connections = CONNECTIONS * 4
        self._pause_ms = max(1, round(self._connections / rate * 1000))
        tried = load.send(sent, SEGMENT_SECONDS, self._connections, pause_ms=self._pause_ms).rate
        # The answers themselves take time: so much less is left to pause.
        too_long_ms = (self._connections / tried - self._connections / rate) * 1000
        self._pause_ms = max(1, round(self._pause_ms - too_long_ms))
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
                    load.send(
                        self._load,
                        SEGMENT_SECONDS,
                        self._connections,
                        allow_failures=True,
                        pause_ms=self._pause_ms,
                    )
                )
        except Exception as error:  # noqa: BLE001 - carried to the thread that waits for us
            self._failure = error
