"""Says what was measured: a table for people, JSON for programs, and on what machine it was."""

import json
import os
import platform
import statistics
import sys
import time
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def say(line: str = "") -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def print_table(title: str, rows: Sequence[Sequence[str]], cautions: Sequence[str] = ()) -> None:
    """Columns as wide as their widest cell; the first is left-aligned, numbers to the right."""
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    say(f"\n{title}")
    for number, row in enumerate(rows):
        first = row[0] + " " * (widths[0] - _width(row[0]))
        rest = [
            " " * (width - _width(cell)) + cell
            for cell, width in zip(row[1:], widths[1:], strict=True)
        ]
        say("  ".join([first, *rest]).rstrip())
        if number == 0:
            say("  ".join("-" * width for width in widths))
    for caution in cautions:
        say(f"Caution: {caution}")


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def write(name: str, quick: bool, content: Mapping[str, object]) -> Path:
    """Keep the latest result of a benchmark; a smoke test never overwrites a real one."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / (f"{name}.quick.json" if quick else f"{name}.json")
    whole = {
        "benchmark": name,
        "quick": quick,
        "measured_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": describe_machine(),
        **content,
    }
    path.write_text(json.dumps(_rounded(whole), indent=2, ensure_ascii=False) + "\n")
    say(f"\nWritten to {path.relative_to(RESULTS.parent.parent)}")
    return path


def describe_machine() -> dict[str, object]:
    """What a reader must know of the machine, and nothing that tells whose it is."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gigabytes": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "load_average_before": round(os.getloadavg()[1], 2),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and worst of a list of measurements."""
    ordered = sorted(values)
    rank = max(0, -(-95 * len(ordered) // 100) - 1)
    return {"p50": statistics.median(ordered), "p95": ordered[rank], "max": ordered[-1]}


def _rounded(value: object) -> object:
    """Four significant decimals are more than a benchmark can promise."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value
