"""Numbers of several processes as one Prometheus text: added up, escaped, and never falling."""

import pytest

from gatewright.observability import counters
from gatewright.observability.counters import Counter, Histogram
from gatewright.observability.metrics import HELP, Totals, load, read


def totals(*numbers: tuple[str, str, int], seen: tuple[float, ...] = ()) -> Totals:
    counter = Counter("sts_refusals_total", "reason", "client")
    for reason, client, number in numbers:
        counter.add(reason, client, by=number)
    histogram = Histogram("sts_request_seconds", (0.001, 0.01))
    for value in seen:
        histogram.observe(value)
    made = Totals()
    made.count(counter)
    made.observe(histogram)
    return made


def test_the_text_is_prometheus() -> None:
    made = totals(("too-slow", "unknown", 2), ("too-large", "known", 3), seen=(0.001, 0.005, 7))
    assert made.as_text() == (
        "# HELP gatewright_sts_refusals_total Refusals by reason, and whether the named client "
        "exists.\n"
        "# TYPE gatewright_sts_refusals_total counter\n"
        'gatewright_sts_refusals_total{reason="too-large",client="known"} 3\n'
        'gatewright_sts_refusals_total{reason="too-slow",client="unknown"} 2\n'
        "# HELP gatewright_sts_request_seconds From when a thread of the worker took a request to "
        "its answer.\n"
        "# TYPE gatewright_sts_request_seconds histogram\n"
        'gatewright_sts_request_seconds_bucket{le="0.001"} 1\n'
        'gatewright_sts_request_seconds_bucket{le="0.01"} 2\n'
        'gatewright_sts_request_seconds_bucket{le="+Inf"} 3\n'
        "gatewright_sts_request_seconds_sum 7.006\n"
        "gatewright_sts_request_seconds_count 3\n"
    )


def test_a_label_can_not_forge_a_line() -> None:
    text = totals(('a"} 1\nforged{x="\\', "known", 1)).as_text()
    assert '{reason="a\\"} 1\\nforged{x=\\"\\\\",client="known"} 1\n' in text
    assert "\nforged" not in text


def test_processes_are_added_up(tmp_path) -> None:
    (tmp_path / "sts-1.json").write_bytes(totals(("a", "known", 2), seen=(0.1,)).as_json())
    (tmp_path / "sts-2.json").write_bytes(
        totals(("a", "known", 3), ("b", "known", 1), seen=(0.1,)).as_json()
    )
    (tmp_path / "sts-3.json").write_bytes(b'{"counters": {"x":')
    text = read(tmp_path).as_text()
    assert '{reason="a",client="known"} 5\n' in text and '{reason="b",client="known"} 1\n' in text
    assert "gatewright_sts_request_seconds_count 2\n" in text
    assert read(tmp_path / "nothing") == Totals()


def test_a_file_holds_the_whole(tmp_path) -> None:
    made = totals(("a", "known", 2), seen=(0.1, 0.002))
    (tmp_path / "a.json").write_bytes(made.as_json())
    assert load(tmp_path / "a.json") == made


@pytest.mark.parametrize("content", [
    pytest.param(b"", id="empty"),
    pytest.param(b"[]", id="no object"),
    pytest.param(b'{"counters": [], "histograms": {}}', id="no counters"),
    pytest.param(b'{"counters": {"a": {"labels": ["x"], "series": [[["y"]]]}}, "histograms": {}}',
                 id="no number"),
])  # fmt: skip
def test_a_damaged_file_counts_nothing(tmp_path, content) -> None:
    (tmp_path / "a.json").write_bytes(content)
    assert load(tmp_path / "a.json") == Totals()


def test_other_bounds_begin_anew() -> None:
    made = totals(seen=(0.1,))
    other = Histogram("sts_request_seconds", (0.5,))
    other.observe(0.1)
    made.observe(other)
    assert made.histograms["sts_request_seconds"].counts == [1, 0]


def test_the_number_of_series_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(counters, "SERIES_MAX", 2)
    text = totals(*((f"r{number}", "known", 1) for number in range(5))).as_text()
    assert text.count("sts_refusals_total{") == 3
    assert '{reason="overflow",client="overflow"} 3\n' in text


def test_every_metric_is_explained() -> None:
    assert all(text.endswith(".") for text in HELP.values())
