"""Measures several cases in turn, round after round, so that a noisy minute hits them all.

A case's ratio is the median of its ratios to the baseline within each round, not the ratio of
two medians: what disturbs a round disturbs both of its sides. The ratio by CPU compares the CPU
time that one request costs; a neighbour that takes a part of the core leaves it nearly alone.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace

from bench import load, processes, report
from bench.options import Options

ALONE_CONNECTIONS = 1
# Node's compiler needs thousands of requests before it shows what it can do.
WARM_UP_RUNS = 2
BUSY_SHARE_MIN = 0.9
TAKES_MAX = 2


@dataclass(frozen=True)
class Sample:
    """One short run of one case."""

    rate: float
    cpu_microseconds: float
    cpu_share: float
    latency_ms: dict[str, float] = field(default_factory=dict)
    alone_ms: dict[str, float] = field(default_factory=dict)
    neighbours: float = 0.0


@dataclass(frozen=True)
class Case:
    """Something to measure under a name: each call of `take` is one short run."""

    name: str
    take: Callable[[int], Sample]


@dataclass(frozen=True)
class Measured:
    """The medians of a case over all rounds."""

    name: str
    rate: float
    ratio: float
    ratio_min: float
    ratio_max: float
    cpu_ratio: float
    cpu_microseconds: float
    cpu_share: float
    latency_ms: dict[str, float]
    alone_ms: dict[str, float]
    rates: list[float]
    neighbours: list[float]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def loaded_case(name: str, sent: load.Load, process_ids: Sequence[int]) -> Case:
    """A server under wrk: many connections for the rate, then a single one for the latency."""

    def take(seconds: int) -> Sample:
        before = processes.cpu_seconds(process_ids)
        result = load.send(sent, seconds)
        used = processes.cpu_seconds(process_ids) - before
        alone = load.send(sent, 1, connections=ALONE_CONNECTIONS)
        return Sample(
            rate=result.rate,
            cpu_microseconds=used / result.requests * 1e6,
            cpu_share=used / result.seconds,
            latency_ms=result.latency_ms,
            alone_ms=alone.latency_ms,
        )

    return Case(name, take)


def measure(cases: Sequence[Case], options: Options) -> list[Measured]:
    """Take one sample of each case a round; the first case is the baseline of the ratios."""
    report.say("  warming up")
    for case in [*cases] * (1 if options.quick else WARM_UP_RUNS):
        case.take(options.seconds)
    samples: dict[str, list[Sample]] = {case.name: [] for case in cases}
    for number in range(options.rounds):
        report.say(f"  round {number + 1} of {options.rounds}")
        # Each round starts at another case, so that none always follows the same one.
        start = number % len(cases)
        for case in [*cases[start:], *cases[:start]]:
            samples[case.name].append(_take_undisturbed(case, options))
    baseline = samples[cases[0].name]
    return [_summarize(name, taken, baseline) for name, taken in samples.items()]


def _take_undisturbed(case: Case, options: Options) -> Sample:
    """A sample, taken again while neighbours disturb it; at last the least disturbed one.

    What decides is the neighbours' CPU time alone, never the sample's own rate.
    """
    taken: list[Sample] = []
    while len(taken) < TAKES_MAX:
        neighbours = processes.Neighbours()
        sample = case.take(options.seconds)
        taken.append(replace(sample, neighbours=neighbours.cores_used()))
        if options.quick or taken[-1].neighbours <= processes.NEIGHBOURS_CORES_MAX:
            break
    return min(taken, key=lambda one: one.neighbours)


def _summarize(name: str, samples: Sequence[Sample], baseline: Sequence[Sample]) -> Measured:
    pairs = list(zip(samples, baseline, strict=True))
    ratios = [sample.rate / base.rate for sample, base in pairs]
    cpu_ratios = [base.cpu_microseconds / sample.cpu_microseconds for sample, base in pairs]
    return Measured(
        name=name,
        rate=statistics.median(sample.rate for sample in samples),
        ratio=statistics.median(ratios),
        ratio_min=min(ratios),
        ratio_max=max(ratios),
        cpu_ratio=statistics.median(cpu_ratios),
        cpu_microseconds=statistics.median(sample.cpu_microseconds for sample in samples),
        cpu_share=statistics.median(sample.cpu_share for sample in samples),
        latency_ms=_medians([sample.latency_ms for sample in samples]),
        alone_ms=_medians([sample.alone_ms for sample in samples]),
        rates=[round(sample.rate, 1) for sample in samples],
        neighbours=[round(sample.neighbours, 2) for sample in samples],
    )


def _medians(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def table(measured: Sequence[Measured], unit: str) -> list[list[str]]:
    """The rows that a person reads; the first is the heading."""
    heading = ["", f"{unit}/s", "ratio", "lowest-highest", "ratio by CPU", "µs CPU each",
               "core used", "p50/p99 ms under load", "p50/p99 ms alone"]  # fmt: skip
    return [heading, *(_row(one) for one in measured)]


def cautions(measured: Sequence[Measured]) -> list[str]:
    """What a reader must be told before believing the ratios."""
    if measured[0].cpu_share >= BUSY_SHARE_MIN:
        return []
    return [
        (
            f"{measured[0].name}, the baseline, used {measured[0].cpu_share:.0%} of its core: "
            "something else held it up, so the ratios of the rates are off. Read those by CPU."
        )
    ]


def _row(one: Measured) -> list[str]:
    return [
        one.name,
        # What leaves a part of its core unused was held up by others: it can do at least this.
        f"{'≥ ' if one.cpu_share < BUSY_SHARE_MIN else ''}{one.rate:,.0f}",
        f"{one.ratio:.2f}",
        f"{one.ratio_min:.2f}-{one.ratio_max:.2f}",
        f"{one.cpu_ratio:.2f}",
        f"{one.cpu_microseconds:.1f}",
        f"{one.cpu_share:.0%}",
        _pair(one.latency_ms),
        _pair(one.alone_ms),
    ]


def _pair(latency_ms: dict[str, float]) -> str:
    if not latency_ms:
        return "-"
    return f"{latency_ms['p50']:.2f} / {latency_ms['p99']:.2f}"
