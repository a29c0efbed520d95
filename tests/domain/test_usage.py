"""Periods and percentiles of usage."""

import random

from gatewright.domain.usage import (
    LATENCY_FLOORS,
    NO_DURATIONS,
    Series,
    merged,
    percentile,
    starts_at,
)


def test_a_period_begins_at_a_multiple_of_its_length() -> None:
    assert [starts_at(moment, 300) for moment in (0, 299, 300, 1799)] == [0, 0, 300, 1500]


def test_no_calls_have_no_percentile() -> None:
    assert percentile(NO_DURATIONS, 0.99) is None


def test_a_percentile_lies_in_the_bucket_of_the_call_of_that_rank() -> None:
    chance = random.Random(1)
    for _ in range(300):
        calls = sorted(int(10 ** chance.uniform(0, 5)) for _ in range(chance.randrange(1, 200)))
        counts = [0] * len(LATENCY_FLOORS)
        for call in calls:
            counts[max(i for i, floor in enumerate(LATENCY_FLOORS) if floor <= call)] += 1
        for share in (0.5, 0.95, 0.99):
            exact = calls[max(0, -int(-share * len(calls) // 1) - 1)]
            index = max(i for i, floor in enumerate(LATENCY_FLOORS) if floor <= exact)
            told = percentile(counts, share)
            ends = (*LATENCY_FLOORS[1:], LATENCY_FLOORS[-1])
            assert told is not None and LATENCY_FLOORS[index] <= told <= ends[index]


def test_the_last_bucket_has_no_end() -> None:
    assert percentile((0,) * 14 + (5,), 0.5) == 30_000.0


def test_what_is_merged_is_added_up() -> None:
    one, other = (1,) * 15, tuple(range(15))
    assert merged(one, other) == tuple(range(1, 16))


def test_series_that_differ_have_different_ids() -> None:
    series = [
        Series("o", "n", "e", api, "v", "GET /", app, "", status)
        for api in ("a", "b", "") for app in ("", "x") for status in (0, 200)
    ]  # fmt: skip
    assert len({item.id for item in series}) == len(series)
    assert all(0 <= item.id < 2**63 for item in series)
    assert Series("o", "n", "e", "ab", "", "", "", "", 1).id != Series(
        "o", "n", "e", "a", "b", "", "", "", 1
    ).id  # fmt: skip
