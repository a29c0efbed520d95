"""Measures whether a gateway that holds very much is as good as an empty one.

10,000 APIs on 1,000 upstreams, 100,000 subscriptions and 100,000 revoked tokens against one API:
calls, memory, the start of Envoy, and how soon changes are in force.
"""

import os
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench import (
    catalogue,
    crowd,
    limits,
    processes,
    propagation,
    report,
    revocation,
    rounds,
    seeding,
    target,
)
from bench.management import Management
from bench.options import Options
from bench.peers import envoy

APIS, APIS_QUICK = 10_000, 100
APPLICATIONS = 10
STARTS = 3
START_SECONDS_MAX = 120


def run(options: Options) -> None:
    """Fill one instance beside an empty one, then compare."""
    apis = APIS_QUICK if options.quick else APIS
    with (
        tempfile.TemporaryDirectory(prefix="bench-scale-") as folder,
        processes.Servers(Path(folder)) as servers,
    ):
        upstream = envoy.start_upstream(servers)
        small = _seeded(servers, "one", upstream, options)
        instance = _seeded(servers, "many", upstream, options)
        with instance.target.management() as management:
            large = _crowded(instance, management, apis, upstream)
            _revoke_many(large, options)
            seeding.prove(large)
            memory = _memory(small, large)
            starts = _starts(large, 1 if options.quick else STARTS)
            large.target.pin()
            measured = rounds.measure(_cases(small, large, apis), options)
            neighbours = processes.Neighbours()
            timings = propagation.time_changes(large, management, options.repeats)
            cautions = [*rounds.cautions(measured), *neighbours.cautions()]
    _tell(options, apis, measured, memory, starts, timings, cautions)


def _seeded(
    servers: processes.Servers, name: str, upstream: int, options: Options
) -> seeding.Seeded:
    instance = target.start(servers, f"gatewright-{name}")
    with instance.management() as management:
        return seeding.seed(instance, management, 1, options.operations, upstream)


def _crowded(
    seeded: seeding.Seeded, management: Management, apis: int, upstream: int
) -> seeding.Seeded:
    """The second API is subscribed to as well; the last of the new ones is what nobody has."""
    management.subscribe(seeded.application, seeded.apis[1], limits.PLAN)
    others = [management.create_application(f"Bench {n}") for n in range(1, APPLICATIONS)]
    for application in others:
        management.create_keys(application)
    report.say(f"scale: writing {apis:,} APIs")
    wanted = crowd.Crowd(range(2, apis + 1), (seeded.application, *others), limits.PLAN, upstream)
    made = crowd.fill(seeded.target.folder, seeded.apis[0], wanted)
    return replace(seeded, apis=[*seeded.apis, *made])


def _revoke_many(seeded: seeding.Seeded, options: Options) -> None:
    live = revocation.LIVE_QUICK if options.quick else revocation.LIVE
    report.say(f"scale: {live:,} tokens are revoked")
    revocation.fill(seeded.target.folder, live)


def _memory(small: seeding.Seeded, large: seeding.Seeded) -> dict[str, float]:
    empty, full = (
        processes.resident_megabytes(one.target.envoy_process_ids()) for one in (small, large)
    )
    operations = len(large.apis) * large.operations
    return {
        "empty_megabytes": empty,
        "megabytes": full,
        "kilobytes_an_operation": (full - empty) * 1000 / operations,
    }


def _starts(seeded: seeding.Seeded, times: int) -> list[float]:
    """Kill Envoy; the time until the last API of its successor lets a call in, in seconds."""
    token, seconds = seeded.tokens(1)[0], []
    path = catalogue.call_path(len(seeded.apis) - 2, 0)
    for _ in range(times):
        for process_id in seeded.target.envoy_process_ids():
            os.kill(process_id, signal.SIGKILL)
        started = time.monotonic()
        while not _is_served(seeded, path, token):
            if time.monotonic() - started > START_SECONDS_MAX:
                raise seeding.WrongAnswerError("Envoy never served again after it was killed")
            time.sleep(0.02)
        seconds.append(time.monotonic() - started)
        time.sleep(2)
    return seconds


def _is_served(seeded: seeding.Seeded, path: str, token: str) -> bool:
    try:
        return seeding.call(seeded.target.gateway_url, "GET", path, token) == 200
    except OSError:
        return False


def _cases(small: seeding.Seeded, large: seeding.Seeded, apis: int) -> list[rounds.Case]:
    def case(name: str, seeded: seeding.Seeded, tokens: int, count: int) -> rounds.Case:
        calls = seeded.calls(seeded.tokens(tokens), count, seeded.operations)
        return rounds.loaded_case(name, seeded.load(calls), seeded.target.envoy_process_ids())

    return [
        case("1 API", small, 1, 1),
        case(f"{apis:,} APIs, one of them called", large, 1, 1),
        case(f"{apis:,} APIs, all called in turn", large, 1, apis),
    ]


def _tell(
    options: Options,
    apis: int,
    measured: Sequence[rounds.Measured],
    memory: Mapping[str, float],
    starts: Sequence[float],
    timings: propagation.Timings,
    cautions: Sequence[str],
) -> None:
    title = (
        f"{apis:,} APIs of {options.operations} operations, {apis * APPLICATIONS:,} subscriptions"
    )
    report.print_table(title, rounds.table(measured, "calls"), cautions)
    rows = [
        ["Envoy", ""],
        [
            "resident, empty and full",
            f"{memory['empty_megabytes']:.0f}, {memory['megabytes']:.0f} MB",
        ],
        ["an operation", f"{memory['kilobytes_an_operation']:.1f} kB"],
        ["killed until the last API serves", f"{sorted(starts)[len(starts) // 2]:.2f} s"],
    ]
    report.print_table("What it takes", rows)
    report.print_table("From answered to in force, milliseconds", propagation.table(timings))
    content = {
        "cautions": list(cautions),
        "setting": {"apis": apis, "operations": options.operations, "upstreams": crowd.UPSTREAMS},
        "cases": [one.as_json() for one in measured],
        "memory": dict(memory),
        "start_seconds": list(starts),
        "changes": {name: propagation.summaries(taken) for name, taken in timings.items()},
    }
    report.write("scale", options.quick, content)
