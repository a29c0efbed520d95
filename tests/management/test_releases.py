"""What is served where, on the wire: promotion, rollback, differences, and the end of an API."""

import pytest
from tests.management.installation import api, journey, made, refused

BOOKS = "/apis/reading-list"
UPSTREAM = "http://127.0.0.1:9000/api"


@pytest.fixture
def admin(admin):
    journey(admin)
    return admin


def change(admin, summary):
    """Another definition."""
    operations = [
        {"method": "GET", "path": "/books", "summary": summary, "alternatives": [["books:read"]]}
    ]
    made(admin.put(api(f"{BOOKS}/operations"), json={"operations": operations}), 200)


def deploy(admin, environment="production", **body):
    made(admin.post(api(f"{BOOKS}/deployments"), json={"environment": environment, **body}))


def roll_back(admin, **body):
    return admin.post(api(f"{BOOKS}/rollbacks"), json={"environment": "production", **body})


def served(admin, environment="production"):
    found = made(admin.get(api(f"{BOOKS}/deployments")), 200)["items"]
    row = next(item for item in found if item["environment"] == environment)
    return row["revision"], row["upstream"]


def test_promotion_takes_the_revision_and_neither_upstream_nor_limits(admin):
    change(admin, "two")
    deploy(admin, "development", upstream="http://127.0.0.1:1")
    change(admin, "three")
    for environment, limit in (("development", "1/day"), ("production", "2/day")):
        made(admin.patch(api(f"{BOOKS}/limits/{environment}"), json={"api": limit}), 200)
    body = {"from": "development", "to": "production"}
    found = made(admin.post(api(f"{BOOKS}/promotions"), json=body))["items"]
    here, there = sorted(found, key=lambda item: item["environment"])
    assert (there["revision"], there["upstream"]) == (2, UPSTREAM)
    assert [item["limit"] for item in there["limits"]] == ["2/day"]
    assert (here["revision"], here["upstream"], here["limits"]) == (2, "http://127.0.0.1:1", [])
    detail = made(admin.get(api("/audit?limit=200")), 200)["items"][-1]["detail"]
    assert detail["promoted_from"] == "development"


def test_promotion_without_upstream_names_the_command(admin):
    made(admin.patch(api(BOOKS), json={"upstreams": {"production": None}}), 200)
    body = {"from": "development", "to": "production"}
    problem = refused(admin.post(api(f"{BOOKS}/promotions"), json=body), 409, field="upstream")
    command = "gatewright api edit reading-list:v1.0 --environment production --upstream https://"
    assert command in problem["way_out"]


def test_promotion_goes_somewhere_else(admin):
    body = {"from": "production", "to": "production"}
    refused(admin.post(api(f"{BOOKS}/promotions"), json=body), 409, "conflict", "to")
    body = {"from": "production", "to": "env_none"}
    refused(admin.post(api(f"{BOOKS}/promotions"), json=body), 404, field="to")


def test_rollback_goes_back_step_by_step_and_leaves_the_draft(admin):
    change(admin, "two")
    deploy(admin)
    change(admin, "three")
    deploy(admin, upstream="http://127.0.0.1:2")
    change(admin, "draft")
    draft = made(admin.get(api(BOOKS)), 200)
    assert served(admin) == (3, "http://127.0.0.1:2")
    made(roll_back(admin))
    assert served(admin) == (2, UPSTREAM)
    made(roll_back(admin))
    assert served(admin) == (1, UPSTREAM)
    refused(roll_back(admin), 409, "conflict", "environment")
    after = made(admin.get(api(BOOKS)), 200)
    for name in ("operations", "scopes", "upstreams", "revision", "updated_at"):
        assert after[name] == draft[name], name
    record = made(admin.get(api("/audit?limit=200")), 200)["items"][-1]
    assert record["action"] == "apis.roll-back"
    assert (record["detail"]["old_revision"], record["detail"]["revision"]) == ("2", "1")
    assert served(admin, "development") == (1, UPSTREAM)


def test_rollback_undoes_another_upstream_too(admin):
    deploy(admin, upstream="http://127.0.0.1:2")
    deploy(admin)
    deploy(admin)
    made(roll_back(admin))
    assert served(admin) == (1, UPSTREAM)


def test_rollback_to_a_named_revision(admin):
    for name in ("two", "three", "four"):
        change(admin, name)
        deploy(admin, "production" if name != "three" else "development")
    made(roll_back(admin, to_revision=1))
    assert served(admin) == (1, UPSTREAM)
    refused(roll_back(admin), 409)  # what came after revision 1 was left behind
    made(roll_back(admin, to_revision=3))
    assert served(admin) == (3, UPSTREAM)
    made(roll_back(admin))
    assert served(admin) == (1, UPSTREAM)
    refused(roll_back(admin, to_revision=1), 409, "conflict", "to_revision")
    refused(roll_back(admin, to_revision=9), 404, "not-found", "revision")


def test_rollback_keeps_the_limits_in_force_and_takes_no_new_ones(admin):
    made(admin.patch(api(f"{BOOKS}/limits/production"), json={"api": "1/day"}), 200)
    change(admin, "two")
    deploy(admin)
    made(admin.patch(api(f"{BOOKS}/limits/production"), json={"api": "2/day"}), 200)
    found = made(roll_back(admin))["items"]
    limits = next(it for it in found if it["environment"] == "production")["limits"]
    assert [item["limit"] for item in limits] == ["1/day"]


def test_rollback_asks_the_gateway_first(installed, admin):
    from gatewright.control.findings import Finding

    change(admin, "two")
    deploy(admin)
    installed.findings.append(Finding("GET /books", "It can not be served."))
    refused(roll_back(admin), 422, "invalid", "api")
    assert served(admin)[0] == 2


def test_the_history_is_bounded(installed, admin):
    for number in range(12):
        deploy(admin, upstream=f"http://127.0.0.1:{number + 1}")
    with installed.store.read() as tx:
        rows = tx.deployments.find()
        assert max(len(row.history) for row in rows) == 10


@pytest.mark.parametrize("role", ["consumer", "auditor"])
def test_who_may_not_deploy_may_not_roll_back(installed, admin, role):
    refused(roll_back(installed.client(role)), 403, "denied")


def test_revisions_say_where_they_are_served(admin):
    change(admin, "two")
    deploy(admin, "development")
    found = made(admin.get(api(f"{BOOKS}/revisions")), 200)["items"]
    assert [(it["number"], it["environments"]) for it in found] == [
        (1, ["production"]), (2, ["development"]),
    ]  # fmt: skip


def test_differences_in_words(admin):
    path = f"{BOOKS}/differences"
    assert made(admin.get(api(path), params={"from": "production"}), 200)["items"] == []
    change(admin, "two")
    found = made(admin.get(api(path), params={"from": "1"}), 200)
    assert (found["api"], found["before"], found["after"]) == ("reading-list:v1.0", "1", "draft")
    lines = {f"{it['change']} {it['subject']}: {it['text']}" for it in found["items"]}
    assert lines == {
        "changed GET /books: has another summary: two",
        "removed POST /books: is removed",
        "removed GET /books/{id}: is removed",
    }
    back = made(admin.get(api(path), params={"from": "draft", "to": "production"}), 200)["items"]
    assert {it["change"] for it in back} == {"added", "changed"}


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [({"from": "9"}, 404, "revision"), ({"from": "mars"}, 404, "from"), ({}, 422, "from"),
     ({"from": "1", "to": "x" * 101}, 422, "to"), ({"from": "9" * 50}, 404, "from")],
)  # fmt: skip
def test_differences_of_what_there_is_not(admin, query, status, field):
    refused(admin.get(api(f"{BOOKS}/differences"), params=query), status, field=field)


def test_a_draft_is_not_for_consumers(installed, admin):
    answer = installed.client("consumer").get(api(f"{BOOKS}/differences"), params={"from": "1"})
    refused(answer, 403, "denied")


def move(admin, state, **dates):
    return admin.post(api(f"{BOOKS}/lifecycle"), json={"state": state, **dates})


def test_deprecation_has_dates_that_go_with_it(installed, admin):
    found = made(move(admin, "deprecated", sunset_at="2031-06-30"), 200)
    assert found["sunset_at"] == "2031-06-30T00:00:00Z"
    since = found["deprecated_at"]
    assert since.startswith("2030-01-01T")
    later = made(move(admin, "deprecated", sunset_at="2032-01-01T12:00:00+02:00"), 200)
    assert (later["deprecated_at"], later["sunset_at"]) == (since, "2032-01-01T10:00:00Z")
    blocked = made(move(admin, "blocked"), 200)
    assert (blocked["deprecated_at"], blocked["sunset_at"]) == (since, later["sunset_at"])
    assert made(move(admin, "deprecated"), 200)["deprecated_at"] == since
    again = made(move(admin, "published"), 200)
    assert (again["deprecated_at"], again["sunset_at"]) == (None, None)
    given = made(move(admin, "deprecated", deprecated_at="2029-01-01"), 200)
    assert (given["deprecated_at"], given["sunset_at"]) == ("2029-01-01T00:00:00Z", None)
    retired = made(move(admin, "retired"), 200)
    assert (retired["deployments"], retired["deprecated_at"]) == ([], "2029-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("state", "dates", "field"),
    [
        ("deprecated", {"sunset_at": "soon"}, "sunset_at"),
        ("deprecated", {"deprecated_at": "2031-02-30"}, "deprecated_at"),
        ("deprecated", {"sunset_at": "2029-01-01"}, "sunset_at"),
        ("deprecated", {"sunset_at": "2031-01-01", "deprecated_at": "2031-01-01"}, "sunset_at"),
        ("published", {"sunset_at": "2031-01-01"}, "sunset_at"),
        ("blocked", {"deprecated_at": "2031-01-01"}, "deprecated_at"),
    ],
)
def test_dates_that_make_no_sense_are_refused(admin, state, dates, field):
    refused(move(admin, state, **dates), 422, "invalid", field)
    assert made(admin.get(api(BOOKS)), 200)["state"] == "PUBLISHED"
