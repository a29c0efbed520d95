"""Token buckets of failures: their rates, their bound, and whom they leave alone."""

from datetime import UTC, datetime, timedelta

import pytest

from gatewright.sts import limits
from gatewright.sts.errors import TooManyFailures, TooManyRequests
from gatewright.sts.limits import ADDRESS, MALFORMED, PAIR, Buckets, Limits, Rate, Rates

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


def test_who_guesses_in_a_trusted_clients_name_is_slowed_and_the_client_is_not() -> None:
    held = Limits()
    held.succeeded(("good", "a"), NOW)
    for _ in range(int(PAIR.burst)):
        held.failed(("good", "a"), NOW)
    held.check(("good", "a"), NOW)
    with pytest.raises(TooManyFailures) as refused:
        held.failed(("good", "a"), NOW)
    assert refused.value.retry_after_seconds == 1
    held.check(("good", "a"), NOW)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_rate_has_its_burst_and_then_its_pace() -> None:
    rates: Rates[str] = Rates(Rate(2, 3))
    for _ in range(3):
        assert rates.wait_seconds("a", NOW) == 0
        rates.spend("a", NOW)
    assert rates.wait_seconds("a", NOW) == 0.5
    assert rates.wait_seconds("b", NOW) == 0
    assert rates.wait_seconds("a", after(0.2)) == pytest.approx(0.3)
    assert rates.wait_seconds("a", after(0.5)) == 0
    rates.spend("a", after(0.5))
    assert rates.wait_seconds("a", after(0.5)) == 0.5
    for _ in range(3):  # unused for long: no more than the burst
        assert rates.wait_seconds("a", after(60)) == 0
        rates.spend("a", after(60))
    assert rates.wait_seconds("a", after(60)) == 0.5


def test_a_clock_that_was_set_back_holds_nobody_up() -> None:
    rates: Rates[str] = Rates(Rate(1, 1))
    rates.spend("a", NOW)
    assert rates.wait_seconds("a", after(-3600)) == 0
    rates.spend("a", after(-3600))
    assert rates.wait_seconds("a", after(-3600)) == 1


def test_the_number_of_rates_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(limits, "ENTRIES_MAX", 10)
    rates: Rates[int] = Rates(Rate(1, 1))
    rates.spend(0, NOW)
    for number in range(1, 50):
        rates.spend(number, NOW)
        rates.spend(0, NOW)
    assert len(rates) == 10
    assert rates.wait_seconds(0, NOW) and rates.wait_seconds(49, NOW)
    assert not rates.wait_seconds(1, NOW)


def test_only_who_proved_itself_uses_a_clients_rate_up() -> None:
    held = Limits(Rate(5, 5))
    for _ in range(50):
        held.failed(("client", "elsewhere"), NOW)
    for _ in range(5):
        held.check(("client", "home"), NOW)
        held.succeeded(("client", "home"), NOW)
    with pytest.raises(TooManyRequests) as refused:
        held.check(("client", "home"), NOW)
    assert refused.value.retry_after_seconds == 1
    held.check(("other", "home"), NOW)
    held.check(("client", "home"), after(0.2))


def test_without_a_rate_a_client_is_never_slowed() -> None:
    held = Limits()
    for _ in range(5000):
        held.check(("client", "a"), NOW)
        held.succeeded(("client", "a"), NOW)


def test_malformed_requests_are_counted_by_address() -> None:
    held = Limits()
    for _ in range(int(MALFORMED.burst)):
        held.malformed("a", NOW)
    with pytest.raises(TooManyRequests):
        held.malformed("a", NOW)
    held.malformed("b", NOW)
    held.check(("client", "a"), NOW)
    held.malformed("a", after(0.02))
