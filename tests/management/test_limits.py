"""Limits by environment on the wire: set, deployed, and gone with their operations."""

import pytest
from tests.management.installation import DOCUMENT, api, journey, made, refused

PATH = "/apis/reading-list/limits"


@pytest.fixture
def things(admin):
    return journey(admin)


def patch(admin, body, environment="production", **more):
    return admin.patch(api(f"{PATH}/{environment}"), json=body, **more)


def limits_of(items):
    return {(item["operation"], item["limit"]) for item in items}


def deployed(admin, environment="production"):
    found = made(admin.get(api("/apis/reading-list/deployments")), 200)["items"]
    return limits_of(next(it for it in found if it["environment"] == environment)["limits"])


def test_a_limit_is_in_force_with_the_next_deployment(admin, things):
    body = {"api": "1000/minute", "operations": {"get /books/{any}": "100/hour"}}
    answer = made(patch(admin, body), 200)
    wanted = {(None, "1000/minute"), ("GET /books/{id}", "100/hour")}
    assert limits_of(answer["limits"]) == wanted
    assert (answer["in_force"], answer["deploy_needed"]) == ([], True)
    assert deployed(admin) == set()
    deployment = {"environment": "production", "revision": answer["deployed_revision"]}
    made(admin.post(api("/apis/reading-list/deployments"), json=deployment))
    assert deployed(admin) == wanted
    assert deployed(admin, "development") == set()
    found = made(admin.get(api(PATH)), 200)["items"]
    assert [item["environment"] for item in found] == ["development", "production"]
    assert not any(item["deploy_needed"] for item in found)


def test_limits_are_changed_one_by_one_and_removed_with_null(admin, things):
    made(patch(admin, {"api": "5/day", "operations": {"GET /books": "1/day"}}), 200)
    made(patch(admin, {"operations": {"POST /books": "2/day"}}), 200)
    found = made(patch(admin, {"operations": {"GET /books": None}}), 200)["limits"]
    assert limits_of(found) == {(None, "5/day"), ("POST /books", "2/day")}
    found = made(patch(admin, {"api": None, "operations": {"POST /books": None}}), 200)
    assert found["limits"] == []


def test_nothing_said_changes_nothing(installed, admin, things):
    first = made(patch(admin, {"api": "5/day"}), 200)
    again = made(patch(admin, {}), 200)
    assert again == first


@pytest.mark.parametrize(
    ("environment", "body", "status", "field"),
    [
        ("production", {"api": "5/second"}, 422, "limit"),
        ("production", {"api": "0/day"}, 422, "limit"),
        ("production", {"operations": {"GET /books": "many"}}, 422, "limit of GET /books"),
        ("production", {"operations": {"GET /none": "5/day"}}, 404, "operation"),
        ("production", {"operations": {"GET /none": None}}, 404, "operation"),
        ("production", {"operations": {"/books": "5/day"}}, 422, "operation"),
        ("mars", {"api": "5/day"}, 404, "environment"),
    ],
)
def test_refused_and_nothing_written(installed, admin, things, environment, body, status, field):
    with installed.store.read() as tx:
        before = tx.sequence
    refused(patch(admin, body, environment), status, field=field)
    with installed.store.read() as tx:
        assert tx.sequence == before


def test_a_lost_update_is_refused(admin, things):
    stale = {"If-Match": '"99"'}
    refused(patch(admin, {"api": "5/day"}, headers=stale), 412, "stale")
    revision = made(admin.get(api(PATH)), 200)["items"][0]["revision"]
    answer = patch(admin, {"api": "5/day"}, headers={"If-Match": f'"{revision}"'})
    assert answer.headers["etag"] == f'"{revision + 1}"'


def test_who_sees_no_drafts_sees_no_limits(installed, admin, things):
    refused(installed.client("consumer").get(api(PATH)), 403, "denied")
    refused(patch(installed.client("consumer"), {"api": "5/day"}), 403, "denied")
    made(installed.client("auditor").get(api(PATH)), 200)
    refused(patch(installed.client("auditor"), {"api": "5/day"}), 403, "denied")


def test_an_operation_that_goes_takes_its_limit_along_and_says_so(admin, things):
    limits = {"GET /books": "1/day", "POST /books": "2/day", "GET /books/{id}": "3/day"}
    made(patch(admin, {"operations": limits}), 200)
    document = DOCUMENT.replace(
        '    post: {summary: Add a book, security: [{sts: ["books:write"]}]}\n', ""
    )
    document = document.replace("/books/{id}", "/books/{book}")
    body = {"document": document, "update": True}
    dry = made(admin.post(api("/apis/import"), json={**body, "dry_run": True}))
    answer = made(admin.post(api("/apis/import"), json=body))
    said = {(item["location"], item["message"]) for item in answer["warnings"]}
    finding = ("POST /books", "It is gone, and with it its limit 2/day in production.")
    assert finding in said
    assert answer["warnings"] == dry["warnings"]
    found = made(admin.get(api(PATH)), 200)["items"][1]["limits"]
    assert limits_of(found) == {("GET /books", "1/day"), ("GET /books/{book}", "3/day")}


def test_so_it_is_when_operations_are_set(admin, things):
    made(patch(admin, {"operations": {"GET /books": "1/day"}}), 200)
    operations = {"operations": [{"method": "GET", "path": "/shelves"}]}
    answer = made(admin.put(api("/apis/reading-list/operations"), json=operations), 200)
    assert [item["location"] for item in answer["warnings"]] == ["GET /books"]
    assert made(admin.get(api(PATH)), 200)["items"][1]["limits"] == []


def test_an_older_revision_gets_the_limits_of_what_it_has(admin, things):
    operations = [
        {"method": "GET", "path": "/books", "alternatives": [["books:read"]]},
        {"method": "GET", "path": "/shelves"},
    ]
    made(admin.put(api("/apis/reading-list/operations"), json={"operations": operations}), 200)
    made(patch(admin, {"operations": {"GET /books": "1/day", "GET /shelves": "2/day"}}), 200)
    body = {"environment": "production", "revision": 1}
    made(admin.post(api("/apis/reading-list/deployments"), json=body))
    assert deployed(admin) == {("GET /books", "1/day")}


def test_a_retired_api_takes_no_limits(admin, things):
    for state in ("deprecated", "retired"):
        made(admin.post(api("/apis/reading-list/lifecycle"), json={"state": state}), 200)
    refused(patch(admin, {"api": "5/day"}), 409, "conflict", "state")
