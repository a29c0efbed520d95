"""Usage over the management API: groups, filters, pages, percentiles, and who sees whose."""

import pytest
from tests.management.installation import api, hand_over, made, refused

from gatewright.domain.usage import NO_DURATIONS, Point, Series
from gatewright.domain.world import seconds


def counts(**buckets):
    return tuple(buckets.get(f"b{index}", 0) for index in range(len(NO_DURATIONS)))


@pytest.fixture
def counted(installed, admin):
    """Usage of two applications, of nobody, of another organization, and of one that is gone."""
    first = made(admin.post(api("/applications"), json={"name": "First"}))
    second = made(admin.post(api("/applications"), json={"name": "Second"}))
    with installed.store.write() as tx:
        environments = {(row.organization_id, row.handle): row.id for row in tx.environments.find()}
        owners = {row.handle: row.id for row in tx.organizations.find()}
    start = seconds(installed.clock.now) // 300 * 300 - 600
    series, points = [], []

    def add(calls, app, status=200, organization="default", operation="GET /books", at=start):
        owner = owners[organization]
        one = Series(
            owner, "n", environments[owner, "production"], "books", "v1.0", operation, app,
            "Gold" if app else "", status,
        )  # fmt: skip
        series.append(one)
        points.append(Point(one.id, 300, at, calls, counts(b4=calls)))

    add(10, first["id"])
    add(5, first["id"], status=429, at=start + 300)
    add(3, second["id"], operation="POST /books")
    add(2, "", status=401)
    add(1, "app_gone")
    add(99, "app_other", organization="other")
    with installed.store.write() as tx:
        tx.usage.add(series, points)
    installed.first, installed.start = first, start
    return installed


def groups(answer, *names):
    return {tuple(row["group"][name] for name in names): row["calls"] for row in answer["items"]}


def ask(client, **params):
    return made(client.get(api("/usage"), params=params), 200)


def test_without_usage_the_total_is_nothing(admin):
    answer = ask(admin)
    assert (answer["items"], answer["next_cursor"]) == ([], None)
    assert answer["total"] == {
        "calls": 0, "latency_p50_ms": None, "latency_p95_ms": None, "latency_p99_ms": None,
    }  # fmt: skip


def test_groups_are_named_as_people_do(counted):
    answer = ask(counted.client("admin"), group_by=["environment", "application", "status"])
    assert groups(answer, "environment", "application", "status") == {
        ("production", "first", "200"): 10, ("production", "first", "429"): 5,
        ("production", "second", "200"): 3, ("production", "(none)", "401"): 2,
        ("production", "app_gone", "200"): 1,
    }  # fmt: skip
    assert answer["total"]["calls"] == 21
    assert answer["total"]["latency_p50_ms"] == pytest.approx(15, abs=1)


def test_an_interval_cuts_the_time(counted):
    answer = ask(counted.client("admin"), interval="5m", application="first")
    assert [row["calls"] for row in answer["items"]] == [10, 5]
    assert all(row["starts_at"] for row in answer["items"])


FILTERS = [
    pytest.param({"application": "First"}, 15, id="name"),
    pytest.param({"application": ["first", "(none)"]}, 17, id="and-nobody"),
    pytest.param({"status": "4xx"}, 7, id="class"),
    pytest.param({"status": ["401", "429"]}, 7, id="codes"),
    pytest.param({"api": "books"}, 21, id="api"),
    pytest.param({"api": "books:v1.0"}, 21, id="version"),
    pytest.param({"api": "books:v2.0"}, 0, id="other-version"),
    pytest.param({"operation": "POST /books"}, 3, id="operation"),
    pytest.param({"plan": "Gold"}, 19, id="plan"),
    pytest.param({"environment": "production"}, 21, id="environment"),
    pytest.param({"environment": "development"}, 0, id="other-environment"),
    pytest.param({"last": "1m"}, 5, id="last-period"),
    pytest.param({"last": "7d"}, 21, id="days"),
    pytest.param({"from": "2029-12-31T00:00:00Z", "to": "2030-01-01T00:00:00Z"}, 21, id="times"),
    pytest.param({"from": "2029-12-30T00:00:00Z", "to": "2029-12-31T00:00:00Z"}, 0, id="before"),
]


@pytest.mark.parametrize(("params", "calls"), FILTERS)
def test_filters(counted, params, calls):
    assert ask(counted.client("admin"), **params)["total"]["calls"] == calls


def test_pages_go_through_every_group(counted):
    client, found, cursor = counted.client("admin"), [], None
    while True:
        extra = {"cursor": cursor} if cursor else {}
        answer = ask(client, group_by=["application", "status"], limit=2, **extra)
        assert answer["total"]["calls"] == 21
        found += answer["items"]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert sum(row["calls"] for row in found) == 21 and len(found) == 5


WRONG = [
    pytest.param({"group_by": "colour"}, "group_by", id="dimension"),
    pytest.param({"interval": "2h"}, "interval", id="interval"),
    pytest.param({"status": "4x"}, "status", id="status"),
    pytest.param({"last": "soon"}, "last", id="span"),
    pytest.param(
        {"from": "2030-01-02T00:00:00Z", "to": "2030-01-01T00:00:00Z"}, "from", id="order"
    ),
    pytest.param({"last": "401d"}, "from", id="too-long"),
    pytest.param({"from": "2029-12-31T00:00:00"}, "from", id="no-zone"),
    pytest.param({"api": ["a:v1.0", "b:v1.0"]}, "api", id="versions"),
    pytest.param({"cursor": "YWJj"}, "cursor", id="cursor"),
    pytest.param({"cursor": "dXNhZ2UtOTk5OTk5OTk5OTk5"}, "cursor", id="far-cursor"),
]


@pytest.mark.parametrize(("params", "field"), WRONG)
def test_what_makes_no_sense_is_refused(admin, params, field):
    answer = admin.get(api("/usage"), params=params)
    assert refused(answer, answer.status_code, None, field)["status"] in (400, 422)


@pytest.mark.parametrize("role", ["admin", "publisher", "auditor"])
def test_these_see_all(counted, role):
    assert ask(counted.client(role))["total"]["calls"] == 21


@pytest.mark.parametrize("role", ["consumer", "developer"])
def test_others_see_their_own_applications_alone(counted, role):
    client = counted.client(role)
    assert ask(client)["total"]["calls"] == 0
    hand_over(counted, counted.first["id"], role)
    answer = ask(client, group_by=["application"])
    assert groups(answer, "application") == {("first",): 15}
    assert ask(client, application=["(none)"])["total"]["calls"] == 0
    if role == "consumer":
        refused(client.get(api("/usage"), params={"application": "second"}), 404, "not-found")


def test_another_organization_sees_its_own(counted):
    assert ask(counted.client("admin", "other"))["total"]["calls"] == 99


def test_a_stranger_sees_nothing(counted):
    refused(counted.client().get(api("/usage")), 401)
