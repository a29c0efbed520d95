"""Counts the calls that fail while control plane and token service are dead: there must be none.

Half-way Envoy is restarted as for an upgrade. The processes are stopped, not killed, as the
supervisor would start them again at once.
"""

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import load, processes, report, seeding, target
from bench.options import Options
from bench.peers import envoy

APIS = 10
CONNECTIONS = 32
PAUSE_MS = 10
SLICE_SECONDS = 10
SECONDS_MIN = 20


def run(options: Options) -> None:
    """Calls for so many minutes, with nobody there but Envoy and what serves its configuration."""
    seconds = max(SECONDS_MIN, options.minutes * 60)
    with (
        tempfile.TemporaryDirectory(prefix="bench-outage-") as folder,
        processes.Servers(Path(folder)) as servers,
    ):
        upstream = envoy.start_upstream(servers)
        instance = target.start(servers, "gatewright")
        with instance.management() as management:
            seeded = seeding.seed(instance, management, APIS, options.operations, upstream)
        seeding.prove(seeded)
        sent = seeded.load(seeded.calls(seeded.tokens(1), APIS, options.operations))
        report.say(f"outage: {seconds} s without control plane and token service")
        with _dead(instance):
            restart = threading.Timer(seconds / 2, target.call_command_line,
                                      (instance.folder, "gateway", "restart"))  # fmt: skip
            restart.start()
            results = _call(sent, seconds)
            restart.join()
        envoys = len(instance.envoy_process_ids())
    calls, failed = sum(one.requests for one in results), sum(one.failed for one in results)
    heading = ["", "seconds", "restarts of Envoy", "calls", "failed"]
    row = ["Gatewright", f"{seconds}", "1", f"{calls:,}", f"{failed}"]
    report.print_table("Without control plane and token service", [heading, row])
    content = {"seconds": seconds, "calls": calls, "failed": failed, "envoys_after": envoys}
    report.write("outage", options.quick, content)


def _call(sent: load.Load, seconds: int) -> list[load.LoadResult]:
    results, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        results.append(
            load.send(sent, SLICE_SECONDS, CONNECTIONS, allow_failures=True, pause_ms=PAUSE_MS)
        )
    return results


@contextmanager
def _dead(instance: target.Gatewright) -> Iterator[None]:
    stopped = [*instance.process_ids("control"), *instance.sts_process_ids()]
    for process_id in stopped:
        os.kill(process_id, signal.SIGSTOP)
    try:
        yield
    finally:
        for process_id in stopped:
            os.kill(process_id, signal.SIGCONT)
