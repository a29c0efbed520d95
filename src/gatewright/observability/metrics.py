"""The numbers of all processes as one text: each writes a file now and then, one reads them all.

A process that was started again goes on from the file of its predecessor, so that no number falls
while the installation runs. The text is Prometheus' exposition format, version 0.0.4.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from gatewright.domain.errors import Unavailable
from gatewright.observability.counters import OVERFLOW, Counter, Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "gatewright_"
HELP: Mapping[str, str] = {
    "sts_requests_total": "Requests of the token service by endpoint and outcome.",
    "sts_tokens_issued_total": "Tokens by issuer, client and grant.",
    "sts_refusals_total": "Refusals by reason, and whether the named client exists.",
    "sts_events_lost_total": "Token events that could not be written for their number.",
    "sts_request_seconds": "From when a thread of the worker took a request to its answer.",
    "sts_wait_seconds": "How long requests waited for their turn within a worker.",
}
"""Of each metric that there is."""

Labels = tuple[str, ...]


@dataclass
class _Counts:
    names: Labels
    series: dict[Labels, int] = field(default_factory=dict)


@dataclass
class _Observations:
    bounds: tuple[float, ...]
    counts: list[int]
    sum: float = 0.0


@dataclass
class Totals:
    """Numbers of any number of processes, added up."""

    counters: dict[str, _Counts] = field(default_factory=dict)
    histograms: dict[str, _Observations] = field(default_factory=dict)

    def count(self, counter: Counter) -> None:
        """Add a counter of this process."""
        self._count(counter.name, counter.labels, counter)

    def observe(self, histogram: Histogram) -> None:
        """Add a histogram of this process."""
        self._observe(histogram.name, histogram.bounds, histogram.counts, histogram.sum)

    def add(self, other: "Totals") -> None:
        """Add the numbers of others."""
        for name, item in other.counters.items():
            self._count(name, item.names, item.series.items())
        for name, seen in other.histograms.items():
            self._observe(name, seen.bounds, seen.counts, seen.sum)

    def keep(self, name: str, values: Set[str]) -> None:
        """Drop the series whose label of that name has another value; those without it stay."""
        for item in self.counters.values():
            if name in item.names:
                place = item.names.index(name)
                item.series = {
                    labels: number for labels, number in item.series.items()
                    if labels == OVERFLOW or labels[place] in values
                }  # fmt: skip

    def as_json(self) -> bytes:
        """For a file."""
        counters = {
            name: {"labels": item.names, "series": list(item.series.items())}
            for name, item in self.counters.items()
        }
        histograms = {
            name: {"bounds": item.bounds, "counts": item.counts, "sum": item.sum}
            for name, item in self.histograms.items()
        }
        return orjson.dumps({"counters": counters, "histograms": histograms})

    def as_text(self) -> str:
        """Prometheus' text."""
        lines: list[str] = []
        for name in sorted(self.counters):
            item = self.counters[name]
            lines += _head(name, "counter")
            lines += [f"{PREFIX}{name}{_shown(item.names, labels)} {number}"
                      for labels, number in sorted(item.series.items())]  # fmt: skip
        for name in sorted(self.histograms):
            lines += _head(name, "histogram") + _buckets(PREFIX + name, self.histograms[name])
        return "".join(f"{line}\n" for line in lines)

    def _count(self, name: str, names: Labels, series: Iterable[tuple[Labels, int]]) -> None:
        item = self.counters.setdefault(name, _Counts(names))
        for labels, number in series:
            item.series[labels] = item.series.get(labels, 0) + number

    def _observe(
        self, name: str, bounds: tuple[float, ...], counts: list[int], total: float
    ) -> None:
        item = self.histograms.get(name)
        if item is None or item.bounds != bounds:  # of a version with other bounds: begin anew
            self.histograms[name] = _Observations(bounds, list(counts), total)
            return
        item.counts = [one + other for one, other in zip(item.counts, counts, strict=True)]
        item.sum += total


class Account:
    """The file of one process; it goes on from what its predecessor wrote there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = load(path)

    def write(self, totals: Totals) -> None:
        """Write the numbers of this process, whole or not at all. Raises OSError."""
        everything = Totals()
        everything.add(self._before)
        everything.add(totals)
        draft = self._path.with_suffix(".new")
        draft.write_bytes(everything.as_json())
        draft.replace(self._path)


def load(path: Path) -> Totals:
    """What a process wrote; nothing when there is no file or it is damaged."""
    try:
        content: dict[str, Any] = orjson.loads(path.read_bytes())
        return Totals(
            {
                name: _Counts(
                    tuple(item["labels"]),
                    {tuple(labels): int(number) for labels, number in item["series"]},
                )
                for name, item in content["counters"].items()
            },
            {
                name: _Observations(
                    tuple(item["bounds"]), [int(one) for one in item["counts"]], float(item["sum"])
                )
                for name, item in content["histograms"].items()
            },
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Totals()


def read(folder: Path) -> Totals:
    """The numbers of all processes that write into this folder. Raises Unavailable."""
    total = Totals()
    try:
        for path in sorted(folder.glob("*.json")):
            total.add(load(path))
    except OSError as error:
        raise Unavailable(f"The numbers can not be read: {error.strerror}.", "metrics") from None
    return total


def _head(name: str, kind: str) -> list[str]:
    return [f"# HELP {PREFIX}{name} {HELP.get(name, name)}", f"# TYPE {PREFIX}{name} {kind}"]


def _shown(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    if values == OVERFLOW:
        values = OVERFLOW * len(names)
    pairs = zip(names, values, strict=True)
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _buckets(name: str, item: _Observations) -> list[str]:
    """Prometheus' buckets hold whatever is at most their bound, so each includes those before."""
    lines, total = [], 0
    for bound, count in zip((*item.bounds, "+Inf"), item.counts, strict=True):
        total += count
        lines.append(f'{name}_bucket{{le="{bound}"}} {total}')
    return [*lines, f"{name}_sum {item.sum}", f"{name}_count {total}"]
