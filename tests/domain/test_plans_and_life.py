"""Rules of plans, of what stands between a subscription and a call, and of lifecycle dates."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gatewright.domain.errors import Invalid
from gatewright.domain.lifecycle import State, check_sunset, parse_date
from gatewright.domain.limit import Limits, Rate, rate
from gatewright.domain.plan import Plan, checked, plan_name
from gatewright.domain.subscription import Standing, Subscription, parse_standing

AT = datetime(2030, 1, 1, tzinfo=UTC)
PLAN = Plan("plan_1", "org_1", "Gold", 1000, "minute", AT)
SUBSCRIPTION = Subscription("sub_1", "org_1", "app_1", "books", 1, "plan_1", False, AT)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="the usual"),
        pytest.param({"request_count": None}, id="unlimited"),
        pytest.param({"request_count": 1, "unit": "day"}, id="one a day"),
        pytest.param({"burst_count": 999, "burst_seconds": 59}, id="nearly no burst"),
        pytest.param({"burst_count": 1, "burst_seconds": 1}, id="one a second"),
    ],
)
def test_a_plan_that_can_act(change):
    plan = replace(PLAN, **change)
    assert checked(plan) is plan


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"unit": "second"}, "unit", id="unit"),
        pytest.param({"unit": "Minute"}, "unit", id="case of the unit"),
        pytest.param({"request_count": 0}, "request_count", id="nothing"),
        pytest.param({"request_count": -1}, "request_count", id="below nothing"),
        pytest.param({"request_count": 10**9 + 1}, "request_count", id="beyond counting"),
        pytest.param({"burst_count": 0}, "burst_count", id="no burst at all"),
        pytest.param({"burst_count": 1000}, "burst_count", id="a burst that is the quota"),
        pytest.param(
            {"request_count": None, "burst_count": 5}, "burst_count", id="burst of no quota"
        ),
        pytest.param(
            {"burst_count": 5, "burst_seconds": 0}, "burst_seconds", id="burst in no time"
        ),
        pytest.param(
            {"burst_count": 5, "burst_seconds": 60}, "burst_seconds", id="burst of a minute"
        ),
    ],
)
def test_a_plan_that_could_not_act_is_refused(change, field):
    with pytest.raises(Invalid) as caught:
        checked(replace(PLAN, **change))
    assert caught.value.field == field
    assert caught.value.way_out


@pytest.mark.parametrize("name", ["", " ", "a/b", "x" * 101, "a\nb", "\u202ea"])
def test_a_plan_has_a_name_that_fits_a_path(name):
    with pytest.raises(Invalid):
        plan_name(name)


@pytest.mark.parametrize(
    ("change", "versions", "application_blocked", "expected"),
    [
        pytest.param({}, [State.PUBLISHED], False, "active", id="active"),
        pytest.param({"pending": True}, [State.PUBLISHED], False, "pending", id="pending"),
        pytest.param(
            {"pending": True, "rejection": "x"}, [State.PUBLISHED], False, "rejected", id="rejected"
        ),
        pytest.param({"blocked": True}, [State.PUBLISHED], False, "blocked", id="blocked"),
        pytest.param(
            {"pending": True, "blocked": True}, [State.BLOCKED], True, "pending", id="own is first"
        ),
        pytest.param({}, [State.PUBLISHED], True, "application-blocked", id="application"),
        pytest.param({}, [State.BLOCKED], False, "api-blocked", id="api"),
        pytest.param({}, [State.BLOCKED, State.RETIRED], False, "api-blocked", id="the living one"),
        pytest.param({}, [State.BLOCKED, State.DEPRECATED], False, "active", id="one is left"),
        pytest.param({}, [State.RETIRED], False, "api-retired", id="retired"),
        pytest.param({}, [], False, "api-retired", id="no version at all"),
    ],
)
def test_what_a_call_meets(change, versions, application_blocked, expected):
    row = replace(SUBSCRIPTION, **change)
    found = row.effective(versions, application_blocked=application_blocked)
    assert found is Standing(expected)


def test_a_filter_names_only_own_standings():
    assert parse_standing("Pending") is Standing.PENDING
    for name in ("api-blocked", "asleep", ""):
        with pytest.raises(Invalid):
            parse_standing(name)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-06-30", datetime(2027, 6, 30, tzinfo=UTC)),
        ("2027-06-30T12:00:00Z", datetime(2027, 6, 30, 12, tzinfo=UTC)),
        ("2027-06-30t12:00:00z", datetime(2027, 6, 30, 12, tzinfo=UTC)),
        ("2027-06-30T12:00:00+02:00", datetime(2027, 6, 30, 10, tzinfo=UTC)),
    ],
)
def test_a_date_is_read(text, moment):
    assert parse_date(text, "sunset_at") == moment


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2027-02-30", "30.06.2027", "2027-W01-1", "20270630", "٢٠٢٧-٠٦-٣٠",
     "2027-06-30T12:00:00", "2027-06-30T25:00:00Z", "2027-06-30T12:00:00+99:00",
     "0001-01-01T00:00:00+10:00",
     "9999-12-31T23:59:59-10:00", "2027-06-30\n"],
)  # fmt: skip
def test_what_is_no_date_is_refused(text):
    with pytest.raises(Invalid) as caught:
        parse_date(text, "sunset_at")
    assert caught.value.field == "sunset_at"


def test_a_sunset_comes_after_the_deprecation():
    check_sunset(AT, None)
    check_sunset(AT, AT + timedelta(microseconds=1))
    with pytest.raises(Invalid):
        check_sunset(AT, AT)


def test_limits_follow_their_operations():
    hundred = Rate(100, "minute")
    limits = Limits(rate("1000/hour"), {"GET /a": hundred, "GET /b/{id}": hundred})
    assert limits.within({"GET /a": "GET /a", "GET /b/{id}": "GET /b/{id}"}) is limits
    kept = limits.within({"GET /b/{id}": "GET /b/{book}"})
    assert kept == Limits(limits.api, {"GET /b/{book}": hundred})


@pytest.mark.parametrize("text", ["", "100", "100/second", "0/minute", "-1/minute", "1e3/day",
                                  "٣/day", "99999999999/day", "1/Minute", "/day"])  # fmt: skip
def test_what_is_no_limit_is_refused(text):
    with pytest.raises(Invalid):
        rate(text)
