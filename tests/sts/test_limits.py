"""Token buckets of failures: their rates, their bound, and whom they leave alone."""

from datetime import UTC, datetime, timedelta

import pytest

from gatewright.sts import limits
from gatewright.sts.errors import TooManyFailures
from gatewright.sts.limits import ADDRESS, PAIR, Buckets, Limits, Rate

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_a_bucket_refills() -> None:
    buckets: Buckets[str] = Buckets(Rate(2, 3))
    for _ in range(3):
        assert buckets.wait_seconds("a", NOW) == 0
        buckets.spend("a", NOW)
    assert buckets.wait_seconds("a", NOW) == 0.5
    assert buckets.wait_seconds("b", NOW) == 0
    assert buckets.wait_seconds("a", NOW + timedelta(seconds=0.5)) == 0


def test_a_clock_that_goes_back_refills_nothing() -> None:
    buckets: Buckets[str] = Buckets(Rate(1, 1))
    buckets.spend("a", NOW)
    assert buckets.wait_seconds("a", NOW - timedelta(hours=1)) == 1


def test_the_number_of_buckets_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(limits, "ENTRIES_MAX", 10)
    buckets: Buckets[int] = Buckets(Rate(1, 1))
    for number in range(50):
        buckets.spend(number, NOW)
    assert len(buckets) == 10
    assert buckets.wait_seconds(49, NOW) and not buckets.wait_seconds(0, NOW)


def test_trust_ends(monkeypatch) -> None:
    held = Limits()
    held.succeeded(("good", "a"), NOW)
    for number in range(int(ADDRESS.burst)):
        held.failed((f"bad-{number}", "a"), NOW)
    held.check(("good", "a"), NOW)
    with pytest.raises(TooManyFailures) as refused:
        held.check(("new", "a"), NOW)
    assert refused.value.retry_after_seconds == 1
    held.check(("new", "b"), NOW)
    later = NOW + timedelta(minutes=10)
    for number in range(int(ADDRESS.burst)):
        held.failed((f"bad-{number}", "a"), later)
    with pytest.raises(TooManyFailures):
        held.check(("good", "a"), later)


def test_trust_does_not_cover_ones_own_failures() -> None:
    held = Limits()
    held.succeeded(("good", "a"), NOW)
    for _ in range(int(PAIR.burst)):
        held.failed(("good", "a"), NOW)
    with pytest.raises(TooManyFailures):
        held.check(("good", "a"), NOW)
