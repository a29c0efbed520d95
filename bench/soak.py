"""Measures the token service over minutes: latency at half load, memory, one worker against two.

Half load is half of the rate that was reached just before; memory is sampled all the while.
"""

import tempfile
from pathlib import Path

from bench import load, processes, report, tokens
from bench.options import Options

ALGORITHM = "ES256"
SLICE_SECONDS = 20
CONNECTIONS = 64


def run(options: Options) -> None:
    """One worker on one core, for `minutes` at half load; then two workers on all cores."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-soak-") as folder,
        processes.Servers(Path(folder)) as servers,
    ):
        one = _one_worker(servers, options)
    with (
        tempfile.TemporaryDirectory(prefix="bench-soak-") as folder,
        processes.Servers(Path(folder)) as servers,
    ):
        two = _two_workers(servers, options)
    table = [
        [f"token service, ES256, {tokens.CLIENTS} clients", ""],
        ["one worker: tokens/s, µs CPU each", f"{one['rate']:,.0f}, {one['cpu']:.1f}"],
        ["half load: tokens/s", f"{one['half_rate']:,.0f}"],
        ["half load: p99 ms, median and worst of the slices",
         f"{one['p99_median']:.2f}, {one['p99_worst']:.2f}"],
        ["memory MB: after warming up, at the end, most",
         f"{one['megabytes'][0]:.1f}, {one['megabytes'][-1]:.1f}, {max(one['megabytes']):.1f}"],
        ["two workers: tokens/s, µs CPU each", f"{two['rate']:,.0f}, {two['cpu']:.1f}"],
        ["two workers of one, by CPU", f"{2 * one['cpu'] / two['cpu']:.2f}"],
    ]  # fmt: skip
    report.print_table(f"Token service, {options.minutes} minutes", table, [])
    report.write("soak", options.quick, {"one": one, "two": two, "minutes": options.minutes})


def _one_worker(servers: processes.Servers, options: Options) -> dict:
    instance, endpoint = tokens.gatewright(servers, ALGORITHM)
    ids, sent = instance.sts_process_ids(), endpoint.load()
    load.send(sent, options.seconds, CONNECTIONS)
    rate, cpu = _full(sent, ids, options)
    pause_ms = max(1, round(CONNECTIONS / (rate / 2) * 1000))
    megabytes, p99, half_rates = [processes.resident_megabytes(ids)], [], []
    for _ in range(max(1, options.minutes * 60 // SLICE_SECONDS)):
        seconds = options.seconds if options.quick else SLICE_SECONDS
        result = load.send(sent, seconds, CONNECTIONS, pause_ms=pause_ms)
        p99.append(result.latency_ms["p99"])
        half_rates.append(result.rate)
        megabytes.append(processes.resident_megabytes(ids))
    return {
        "rate": rate,
        "cpu": cpu,
        "half_rate": sorted(half_rates)[len(half_rates) // 2],
        "p99_median": sorted(p99)[len(p99) // 2],
        "p99_worst": max(p99),
        "megabytes": megabytes,
    }


def _two_workers(servers: processes.Servers, options: Options) -> dict:
    """Both cores are the workers'; the load generator takes what one of them leaves, and its share
    shows in the rate."""
    instance, endpoint = tokens.gatewright(servers, ALGORITHM, workers=2)
    ids = instance.sts_process_ids()
    for process_id, core in zip(ids, (processes.SERVER_CORE, processes.LOAD_CORE), strict=False):
        processes.pin(process_id, [core])
    sent = endpoint.load()
    load.send(sent, options.seconds, CONNECTIONS)
    rate, cpu = _full(sent, ids, options, modest=True)
    return {"rate": rate, "cpu": cpu}


def _full(
    sent: load.Load, ids: list[int], options: Options, *, modest: bool = False
) -> tuple[float, float]:
    """The highest of `rounds` rates, and the least CPU time of a token in microseconds."""
    rates, costs = [], []
    for _ in range(options.rounds):
        before = processes.cpu_seconds(ids)
        result = load.send(sent, options.seconds, CONNECTIONS, modest=modest)
        rates.append(result.rate)
        costs.append((processes.cpu_seconds(ids) - before) / result.requests * 1e6)
    return max(rates), min(costs)
