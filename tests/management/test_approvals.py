"""Approval, rejection and blocking of subscriptions on the wire, and ways around them."""

import pytest
from tests.management.installation import DOCUMENT, api, hand_over, journey, made, refused

REASON = {"reason": "Tell us more about it first."}


@pytest.fixture
def asked(installed, admin):
    """A consumer's pending subscription to an API that asks for approval."""
    things = journey(admin)
    made(admin.patch(api(f"/apis/{things['api']}"), json={"approval_required": True}), 200)
    consumer = installed.client("consumer")
    app = made(consumer.post(api("/applications"), json={"name": "Mine"}))
    body = {"application": "mine", "api": "reading-list"}
    found = made(consumer.post(api("/subscriptions"), json=body))
    return consumer, found, things, app


def post(client, found, verb, body=None, **more):
    return client.post(api(f"/subscriptions/{found['id']}/{verb}"), json=body, **more)


def listed(client, state):
    return [it["id"] for it in made(client.get(api(f"/subscriptions?state={state}")), 200)["items"]]


def test_a_new_subscription_waits_and_those_before_go_on(admin, asked):
    consumer, found, things, _ = asked
    assert (found["state"], found["pending"], found["rejection"]) == ("pending", True, "")
    assert made(consumer.get(api("/subscriptions")), 200)["items"] == [found]
    old = made(admin.get(api(f"/subscriptions/{things['subscription']}")), 200)
    assert old["state"] == "active"
    assert listed(admin, "pending") == [found["id"]]
    assert listed(admin, "active") == [things["subscription"]]


def test_approved_it_is_active(installed, admin, asked):
    _, found, *_ = asked
    publisher = installed.client("publisher")
    approved = made(post(publisher, found, "approval"), 200)
    assert (approved["state"], approved["pending"]) == ("active", False)
    assert made(post(publisher, found, "approval"), 200) == approved
    record = made(admin.get(api("/audit?limit=200")), 200)["items"][-1]
    assert (record["action"], record["actor_name"]) == ("subscriptions.approve", "publisher")


def test_rejected_its_owner_sees_why_and_may_ask_again(admin, asked):
    consumer, found, *_ = asked
    rejected = made(post(admin, found, "rejection", REASON), 200)
    assert (rejected["state"], rejected["rejection"]) == ("rejected", REASON["reason"])
    assert made(consumer.get(api("/subscriptions")), 200)["items"] == [rejected]
    assert listed(admin, "pending") == [] and listed(admin, "rejected") == [found["id"]]
    record = made(admin.get(api("/audit?limit=200")), 200)["items"][-1]
    assert record["action"] == "subscriptions.reject"
    assert record["detail"]["reason"] == REASON["reason"]
    body = {"application": "mine", "api": "reading-list", "plan": "Gold"}
    again = made(consumer.post(api("/subscriptions"), json=body))
    assert (again["id"], again["state"], again["plan"]) == (found["id"], "pending", "Gold")
    made(post(admin, found, "rejection", REASON), 200)
    assert made(post(admin, found, "approval"), 200)["state"] == "active"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [({}, 422, "reason"), ({"reason": " "}, 422, "reason"), ({"reason": "a\nb"}, 422, "reason"),
     ({"reason": "x" * 201}, 422, "reason")],
)  # fmt: skip
def test_a_rejection_says_why(admin, asked, body, status, field):
    refused(post(admin, asked[1], "rejection", body), status, field=field)


def test_what_is_approved_is_blocked_and_not_rejected(admin, asked):
    _, found, *_ = asked
    made(post(admin, found, "approval"), 200)
    refused(post(admin, found, "rejection", REASON), 409, "conflict", "subscription")


def test_a_lost_update_is_refused(admin, asked):
    stale = {"If-Match": '"99"'}
    refused(post(admin, asked[1], "approval", headers=stale), 412, "stale")
    refused(post(admin, asked[1], "rejection", REASON, headers=stale), 412, "stale")


@pytest.mark.parametrize("role", ["developer", "consumer", "auditor"])
def test_only_publishers_and_admins_decide(installed, admin, asked, role):
    client = installed.client(role)
    hand_over(installed, asked[3]["id"], role)
    refused(post(client, asked[1], "approval"), 403, "denied")
    refused(post(client, asked[1], "rejection", REASON), 403, "denied")
    refused(client.patch(api("/apis/reading-list"), json={"approval_required": False}), 403)


def test_another_minor_version_is_no_way_around(admin, asked):
    consumer, found, *_ = asked
    made(admin.post(api("/apis/import"), json={"document": DOCUMENT, "version": "v1.1"}))
    made(admin.post(api("/apis/reading-list:v1.1/deployments"), json={}))
    made(admin.post(api("/apis/reading-list:v1.1/lifecycle"), json={"state": "published"}), 200)
    assert consumer.delete(api(f"/subscriptions/{found['id']}")).status_code == 204
    body = {"application": "mine", "api": "reading-list:v1.1"}
    assert made(consumer.post(api("/subscriptions"), json=body))["state"] == "pending"


def test_an_approved_plan_is_no_step_to_a_bigger_one(admin, asked):
    consumer, found, *_ = asked
    path = api(f"/subscriptions/{found['id']}")
    made(consumer.patch(path, json={"plan": "Silver"}), 200)
    made(post(admin, found, "approval"), 200)
    refused(consumer.patch(path, json={"plan": "Unlimited"}), 403, "denied", "plan")
    made(consumer.patch(path, json={"plan": "Silver"}), 200)
    assert made(admin.patch(path, json={"plan": "Gold"}), 200)["plan"] == "Gold"
    made(admin.patch(api("/apis/reading-list"), json={"approval_required": False}), 200)
    made(consumer.patch(path, json={"plan": "Unlimited"}), 200)


def test_a_blocked_one_can_not_be_had_anew(installed, admin, asked):
    consumer, found, *_ = asked
    path = api(f"/subscriptions/{found['id']}")
    made(post(admin, found, "approval"), 200)
    assert made(admin.patch(path, json={"blocked": True}), 200)["state"] == "blocked"
    assert listed(consumer, "blocked") == [found["id"]]
    refused(consumer.delete(path), 403, "denied", "subscription")
    body = {"application": "mine", "api": "reading-list"}
    refused(consumer.post(api("/subscriptions"), json=body), 409)
    assert made(admin.patch(path, json={"blocked": False}), 200)["state"] == "active"
    assert consumer.delete(path).status_code == 204


def test_what_stands_in_the_way_of_all_is_shown(admin):
    things = journey(admin)
    path = api(f"/subscriptions/{things['subscription']}")

    def state():
        return made(admin.get(path), 200)["state"]

    app = api(f"/applications/{things['app']}")
    made(admin.patch(app, json={"blocked": True}), 200)
    assert state() == "application-blocked"
    made(admin.patch(app, json={"blocked": False}), 200)
    for target, seen in [("blocked", "api-blocked"), ("deprecated", "active"),
                         ("blocked", "api-blocked"), ("published", "active"),
                         ("deprecated", "active"), ("retired", "api-retired")]:  # fmt: skip
        body = {"state": target}
        made(admin.post(api(f"/apis/{things['api']}/lifecycle"), json=body), 200)
        assert state() == seen


def test_a_state_that_is_none_is_refused(admin):
    refused(admin.get(api("/subscriptions?state=api-blocked")), 422, field="state")


def test_pages_of_one_state_hold_all_of_it(installed, admin, asked):
    consumer, found, *_ = asked
    ids = [found["id"]]
    for number in range(4):
        made(consumer.post(api("/applications"), json={"name": f"a{number}"}))
        body = {"application": f"a{number}", "api": "reading-list"}
        ids.append(made(consumer.post(api("/subscriptions"), json=body))["id"])
    made(post(admin, {"id": ids[1]}, "rejection", REASON), 200)
    seen, cursor = [], None
    for _ in range(2):
        query = {"state": "pending", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = made(admin.get(api("/subscriptions"), params=query), 200)
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert (seen, cursor) == ([ids[0], *ids[2:]], None)
