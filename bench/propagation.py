"""Measures how soon a change is in force at the gateway: deploys, subscriptions, plans, tokens.

The clock runs from the answer of the management API (or of the STS's revocation endpoint), and,
beside it, from the start of that call.
"""

import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from bench import catalogue, limits, processes, report, seeding, target
from bench.management import Management
from bench.options import Options
from bench.peers import envoy
from bench.probe import Probe, Timing, time_change
from bench.revocation import time_revocations

Timings = Mapping[str, Sequence[Timing]]
LIMIT_HEADER = "x-ratelimit-limit"


def run(options: Options) -> None:
    """Load many APIs, then make each kind of change many times and watch it arrive."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-propagation-") as folder,
        processes.Servers(Path(folder)) as servers,
    ):
        upstream = envoy.start_upstream(servers)
        instance = target.start(servers, "gatewright")
        with instance.management() as management:
            report.say(f"propagation: making {options.apis:,} APIs")
            seeded = seeding.seed(instance, management, options.apis, options.operations, upstream)
            seeding.prove(seeded)
            neighbours = processes.Neighbours()
            timings = time_changes(seeded, management, options.repeats)
            cautions = neighbours.cautions()
        memory = processes.resident_megabytes(instance.envoy_process_ids())
    report.print_table(
        f"From answered to in force, {options.apis:,} APIs of {options.operations}, milliseconds",
        table(timings),
        cautions,
    )
    report.write(
        "propagation", options.quick, {"cautions": cautions, **_result(options, timings, memory)}
    )


def time_changes(seeded: seeding.Seeded, management: Management, repeats: int) -> Timings:
    report.say("propagation: deploy")
    timings = {"deploy": _time_deploys(seeded, management, repeats)}
    report.say("propagation: subscribe and unsubscribe")
    subscribing = _time_subscriptions(seeded, management, repeats)
    timings["subscribe"], timings["unsubscribe"] = subscribing
    report.say("propagation: plan")
    timings["change plan"] = _time_plans(seeded, management, repeats)
    report.say("propagation: revoke")
    timings["revoke"] = time_revocations(seeded, repeats)
    return timings


def _time_deploys(seeded: seeding.Seeded, management: Management, repeats: int) -> list[Timing]:
    """Each revision declares one path more; it is in force when that path is no longer 404."""
    number = len(seeded.apis) // 2
    api, token = seeded.apis[number], seeded.tokens(1)[0]
    timings = []
    for repeat in range(repeats):
        path = f"/revision{repeat}"
        document = catalogue.document(number, seeded.operations, (path,))
        management.replace_definition(document, catalogue.context(number), catalogue.VERSION)
        probe = Probe(seeded.target.gateway_url, catalogue.gateway_path(number, path), token)
        timings.append(time_change(probe, lambda: management.deploy(api), before=404, after=200))
        probe.close()
    return timings


def _time_subscriptions(
    seeded: seeding.Seeded, management: Management, repeats: int
) -> tuple[list[Timing], list[Timing]]:
    """One API is subscribed to and left again and again, under one token all the time."""
    number = len(seeded.apis) - 1
    api, token = seeded.apis[number], seeded.tokens(1)[0]
    probe = Probe(seeded.target.gateway_url, catalogue.call_path(number, 0), token)
    subscribed, unsubscribed = [], []
    made: list[str] = []

    def subscribe() -> None:
        made.append(management.subscribe(seeded.application, api, seeded.plan))

    def unsubscribe() -> None:
        management.unsubscribe(made.pop())

    for _ in range(repeats):
        subscribed.append(time_change(probe, subscribe, before=403, after=200))
        unsubscribed.append(time_change(probe, unsubscribe, before=200, after=403))
    probe.close()
    return subscribed, unsubscribed


def _time_plans(seeded: seeding.Seeded, management: Management, repeats: int) -> list[Timing]:
    """A subscription moves between a counting plan and an unlimited one: a header tells which."""
    number = len(seeded.apis) - 1
    api, token = seeded.apis[number], seeded.tokens(1)[0]
    path = catalogue.call_path(number, 0)
    subscribed = Probe(seeded.target.gateway_url, path, token)
    made: list[str] = []
    time_change(
        subscribed,
        lambda: made.append(management.subscribe(seeded.application, api, limits.PLAN)),
        before=403,
        after=200,
    )
    subscribed.close()
    probe = Probe(seeded.target.gateway_url, path, token, header=LIMIT_HEADER)
    timings = []
    for repeat in range(repeats):
        counted = repeat % 2 == 1
        plan = limits.PLAN if counted else limits.OTHER_PLAN
        timings.append(
            time_change(
                probe,
                partial(management.change_plan, made[0], plan),
                before=not counted,
                after=counted,
            )
        )
    probe.close()
    management.unsubscribe(made[0])
    return timings


def summaries(timings: Sequence[Timing]) -> dict[str, dict[str, float]]:
    return {
        "after_answer_ms": report.percentiles([one.after_answer_ms for one in timings]),
        "from_start_ms": report.percentiles([one.from_start_ms for one in timings]),
        "call_ms": report.percentiles([one.call_ms for one in timings]),
    }


def table(timings: Timings) -> list[list[str]]:
    rows = [["", "after the answer: p50", "p95", "max", "from the start: p50", "p95", "max"]]
    for name, taken in timings.items():
        seen = summaries(taken)
        figures = [*seen["after_answer_ms"].values(), *seen["from_start_ms"].values()]
        rows.append([name, *(f"{figure:.1f}" for figure in figures)])
    return rows


def _result(options: Options, timings: Timings, memory: float) -> dict[str, object]:
    return {
        "setting": {
            "apis": options.apis,
            "operations": options.operations,
            "repeats": options.repeats,
        },
        "envoy_resident_megabytes": memory,
        "changes": {name: summaries(taken) for name, taken in timings.items()},
        "each_after_answer_ms": {
            name: [round(one.after_answer_ms, 1) for one in taken]
            for name, taken in timings.items()
        },
    }
