"""Usage in every store: counted up, summed, rolled up without losing a call, and dropped."""

import random
from dataclasses import replace

import pytest

from gatewright.domain.usage import (
    DAY_SECONDS,
    HOUR_SECONDS,
    NO_DURATIONS,
    PERIOD_SECONDS,
    Mark,
    Point,
    Question,
    Series,
    Sum,
)
from gatewright.store.port import Store

DAY = 20_000 * DAY_SECONDS
SERIES = Series("org_1", "n", "env_1", "books", "v1.0", "GET /b", "app_1", "Gold", 200)
EVERYTHING = Question("org_1", 0, 2**40)


def durations(**counts: int) -> tuple[int, ...]:
    return tuple(counts.get(f"b{index}", 0) for index in range(len(NO_DURATIONS)))


def point(series: Series, start: int, calls: int = 1, seconds: int = PERIOD_SECONDS) -> Point:
    return Point(series.id, seconds, start, calls, durations(b0=calls))


def sums(store: Store, question: Question = EVERYTHING) -> list[Sum]:
    with store.read() as tx:
        return tx.usage.sums(question, offset=0, limit=1000)


def test_nothing_was_counted(store: Store) -> None:
    assert sums(store) == []
    assert sums(store, replace(EVERYTHING, by=("api",))) == []
    with store.read() as tx:
        assert tx.usage.mark("n") is None
        assert tx.usage.oldest(PERIOD_SECONDS, 2**40) is None


def test_what_is_added_again_is_counted_to_it(store: Store) -> None:
    for calls in (1, 2, 4):
        with store.write() as tx:
            tx.usage.add([SERIES], [Point(SERIES.id, 300, DAY, calls, durations(b3=calls))])
    (total,) = sums(store)
    assert (total.calls, total.durations) == (7, durations(b3=7))


def test_groups_filters_and_other_organizations(store: Store) -> None:
    refused = replace(SERIES, status=401, application="")
    foreign = replace(SERIES, organization_id="org_2")
    with store.write() as tx:
        tx.usage.add(
            [SERIES, refused, foreign],
            [point(SERIES, DAY, 3), point(refused, DAY + 300, 2), point(foreign, DAY, 9)],
        )
    by_status = replace(EVERYTHING, by=("status", "application"))
    assert [(item.key, item.calls) for item in sums(store, by_status)] == [
        (("200", "app_1"), 3), (("401", ""), 2),
    ]  # fmt: skip
    only = replace(by_status, where={"status": ("401",)})
    assert [item.key for item in sums(store, only)] == [("401", "")]
    assert sums(store, replace(by_status, where={"application": ()})) == []
    in_time = replace(EVERYTHING, interval=PERIOD_SECONDS)
    assert [(item.starts_at, item.calls) for item in sums(store, in_time)] == [
        (DAY, 3), (DAY + 300, 2),
    ]  # fmt: skip
    with store.read() as tx:
        assert len(tx.usage.sums(by_status, offset=1, limit=1)) == 1


@pytest.mark.parametrize("seed", range(5))
def test_rolling_up_never_changes_a_total(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    kinds = [replace(SERIES, status=status) for status in (200, 401, 429)]
    points = [
        Point(
            chance.choice(kinds).id, 300, DAY + 300 * chance.randrange(40), calls := 7,
            durations(**{f"b{chance.randrange(15)}": calls}),
        )
        for _ in range(100)
    ]  # fmt: skip
    for some in points:
        with store.write() as tx:
            tx.usage.add(kinds, [some])
    asked = replace(EVERYTHING, by=("status",), interval=HOUR_SECONDS)
    before = sums(store, asked)
    assert sum(item.calls for item in before) == 700
    for seconds, longer in ((PERIOD_SECONDS, HOUR_SECONDS), (HOUR_SECONDS, DAY_SECONDS)):
        while True:
            with store.write() as tx:
                oldest = tx.usage.oldest(seconds, 2**40)
                if oldest is None:
                    break
                start = oldest - oldest % longer
                assert tx.usage.lengthen(seconds, longer, start, limit=2) > 0
            assert sum(item.calls for item in sums(store)) == 700
        if longer == HOUR_SECONDS:
            assert sums(store, asked) == before
    days = sums(store, replace(EVERYTHING, by=("status",)))
    for item in days:
        parts = [one for one in before if one.key == item.key]
        assert item.calls == sum(one.calls for one in parts)
        assert sum(item.durations) == item.calls


def test_late_points_of_a_rolled_up_hour_are_rolled_up_to_it(store: Store) -> None:
    for _ in range(2):
        with store.write() as tx:
            tx.usage.add([SERIES], [point(SERIES, DAY)])
            tx.usage.lengthen(PERIOD_SECONDS, HOUR_SECONDS, DAY, limit=10)
    (total,) = sums(store)
    assert total.calls == 2
    with store.read() as tx:
        assert tx.usage.oldest(PERIOD_SECONDS, 2**40) is None
        assert tx.usage.oldest(HOUR_SECONDS, 2**40) == DAY


def test_what_is_dropped_takes_its_series_along(store: Store) -> None:
    other = replace(SERIES, status=500)
    with store.write() as tx:
        tx.usage.add([SERIES, other], [point(SERIES, DAY), point(other, DAY + 300)])
    with store.write() as tx:
        assert tx.usage.drop(DAY + 300, limit=10) == 1
        assert tx.usage.forget_series(limit=10) == 1
        assert tx.usage.forget_series(limit=10) == 0
    assert [item.key for item in sums(store, replace(EVERYTHING, by=("status",)))] == [("500",)]


def test_a_mark_is_replaced_and_comes_back(store: Store) -> None:
    for mark in (Mark("n", "a", 1, {}), Mark("n", "b", 2, {"x|\N{SNOWMAN}": 2**60})):
        with store.write() as tx:
            tx.usage.set_mark(mark)
        with store.read() as tx:
            assert tx.usage.mark("n") == mark
            assert tx.usage.mark("another") is None


def test_usage_leaves_no_change_for_followers(store: Store) -> None:
    feed = store.feed()
    with store.write() as tx:
        tx.usage.add([SERIES], [point(SERIES, DAY)])
    assert feed.take() == []
    feed.close()


def test_many_points_at_once(store: Store) -> None:
    kinds = [replace(SERIES, operation=f"GET /{number}") for number in range(1203)]
    for _ in range(2):
        with store.write() as tx:
            tx.usage.add(kinds, [point(item, DAY) for item in kinds])
    assert sum(item.calls for item in sums(store)) == 2406
