"""Applications belong to who made them: a consumer has nothing to do with those of others."""

import re

import pytest
from fastapi.routing import APIRoute
from tests.management.installation import api, hand_over, journey, made, refused
from tests.management.test_tenancy import BODIES, everything

from gatewright.interfaces.management.routes import (
    applications,
    authenticators,
    credentials,
    subscriptions,
    tokens,
)

ROUTES = [
    (method, route.path, route.name)
    for module in (applications, credentials, authenticators, tokens, subscriptions)
    for route in module.router.routes
    if isinstance(route, APIRoute) and "{" in route.path
    for method in sorted(route.methods)
]


@pytest.fixture
def things(installed, admin):
    return journey(admin)


def target(things, path, name, app):
    secret = things["keys"]["secrets"][0]["id"]
    ids = {
        "app": app, "kind": "production",
        "id": secret if name == "remove_secret" else things["subscription"],
    }  # fmt: skip
    return api(re.sub(r"\{(\w+)\}", lambda match: ids[match[1]], path))


@pytest.mark.parametrize("reference", ["id", "handle", "name"])
@pytest.mark.parametrize("method, path, name", ROUTES, ids=lambda value: str(value)[:40])
def test_foreign_application_is_not_found_by_a_consumer(
    installed, things, method, path, name, reference
):
    app = {"id": things["app"], "handle": "demo-app", "name": "Demo app"}[reference]
    before = everything(installed)
    client = installed.client("consumer")
    answer = client.request(method, target(things, path, name, app), json=BODIES.get(name))
    refused(answer, 404, "not-found")
    assert everything(installed) == before


@pytest.mark.parametrize("role", ["publisher", "developer", "auditor"])
def test_others_see_every_application(installed, things, role):
    client = installed.client(role)
    for path in (f"/applications/{things['app']}", f"/subscriptions/{things['subscription']}"):
        made(client.get(api(path)), 200)
    assert len(made(client.get(api("/applications")), 200)["items"]) == 1


def test_lists_and_counts_of_a_consumer_hold_their_own_only(installed, admin, things):
    client = installed.client("consumer")
    for path in ("/applications", "/subscriptions", "/subscriptions?api=reading-list"):
        assert made(client.get(api(path)), 200)["items"] == []
    refused(client.get(api("/subscriptions?application=demo-app")), 404, "not-found", "application")
    counts = made(client.get(api("/status")), 200)["counts"]
    assert (counts["applications"], counts["subscriptions"]) == (0, 0)
    mine = made(client.post(api("/applications"), json={"name": "Mine"}))
    assert mine["owner_id"] == made(client.get(api("/me")), 200)["user"]["id"]
    body = {"application": "mine", "api": "reading-list"}
    subscription = made(client.post(api("/subscriptions"), json=body))
    for path, id in (("/applications", mine["id"]), ("/subscriptions", subscription["id"])):
        assert [item["id"] for item in made(client.get(api(path)), 200)["items"]] == [id]
        assert len(made(admin.get(api(path)), 200)["items"]) == 2
    counts = made(client.get(api("/status")), 200)["counts"]
    assert (counts["applications"], counts["subscriptions"]) == (1, 1)


def test_a_consumer_can_not_subscribe_a_foreign_application(installed, things):
    body = {"application": things["app"], "api": "reading-list"}
    answer = installed.client("consumer").post(api("/subscriptions"), json=body)
    refused(answer, 404, "not-found", "application")


@pytest.mark.parametrize("change", [{"allowed_scopes": None}, {"allowed_scopes": ["books:write"]}])
@pytest.mark.parametrize("role", ["consumer", "developer"])
def test_limit_on_scopes_is_not_lifted_by_its_bearer(installed, admin, things, role, change):
    limit = {"allowed_scopes": ["books:read"]}
    made(admin.patch(api("/applications/demo-app"), json=limit), 200)
    hand_over(installed, things["app"], role)
    client = installed.client(role)
    refused(client.patch(api("/applications/demo-app"), json=change), 403, "denied")
    made(client.patch(api("/applications/demo-app"), json={"name": "Renamed", **limit}), 200)
    made(installed.client("publisher").patch(api("/applications/demo-app"), json=change), 200)


def test_applications_of_a_removed_member_stay_and_can_be_managed(installed, admin, things):
    hand_over(installed, things["app"], "consumer")
    owner = made(admin.get(api("/applications/demo-app")), 200)["owner_id"]
    assert admin.delete(api("/members/consumer")).status_code == 204
    again = {"handle": "consumer", "name": "Another", "role": "consumer"}
    assert made(admin.post(api("/members"), json=again))["id"] != owner
    assert made(admin.get(api("/applications/demo-app")), 200)["owner_id"] == owner
    assert admin.delete(api("/applications/demo-app")).status_code == 204


def test_answer_kept_for_a_role_is_not_given_to_another(installed, admin, things):
    key = {"Idempotency-Key": "kept-one"}
    client = installed.client("developer")
    path, body = api("/applications/demo-app/credentials"), {"kind": "sandbox"}
    secret = made(client.post(path, json=body, headers=key))["client_secret"]
    made(admin.patch(api("/members/developer"), json={"role": "consumer"}), 200)
    answer = client.post(path, json=body, headers=key)
    refused(answer, 404, "not-found")
    assert secret not in answer.text
