"""Plans on the wire: made, changed, deleted, and what refuses to be."""

import pytest
from tests.management.installation import api, journey, made, refused

GOLDEN = {
    "name": "Platinum", "description": "For partners.", "request_count": 600, "unit": "hour",
    "burst_count": 10, "burst_seconds": 5, "stop_on_quota": False,
}  # fmt: skip


def test_the_plans_of_an_organization_are_as_ever(admin):
    found = made(admin.get(api("/plans")), 200)["items"]
    assert [(item["name"], item["request_count"], item["unit"]) for item in found] == [
        ("Bronze", 1000, "minute"), ("Silver", 2000, "minute"), ("Gold", 5000, "minute"),
        ("Unlimited", None, "minute"),
    ]  # fmt: skip
    assert {(item["burst_count"], item["stop_on_quota"]) for item in found} == {(None, True)}


def test_a_plan_is_made_shown_changed_and_deleted(admin):
    plan = made(admin.post(api("/plans"), json=GOLDEN))
    assert {name: plan[name] for name in GOLDEN} == GOLDEN
    answer = admin.get(api("/plans/platinum"))
    assert made(answer, 200) == {**plan, "subscription_count": 0}
    etag = {"If-Match": answer.headers["etag"]}
    body = {"request_count": 700, "burst_count": None, "stop_on_quota": True}
    changed = made(admin.patch(api(f"/plans/{plan['id']}"), json=body, headers=etag), 200)
    assert changed == {**plan, **body, "burst_seconds": 1, "revision": 2}
    refused(admin.patch(api("/plans/Platinum"), json=body, headers=etag), 412, "stale")
    refused(admin.delete(api("/plans/Platinum"), headers=etag), 412, "stale")
    assert admin.delete(api("/plans/Platinum")).status_code == 204
    refused(admin.get(api("/plans/Platinum")), 404, field="plan")
    actions = [item["action"] for item in made(admin.get(api("/audit?limit=200")), 200)["items"]]
    assert actions[-3:] == ["plans.create", "plans.edit", "plans.delete"]


def test_only_a_name_makes_an_unlimited_plan(admin):
    plan = made(admin.post(api("/plans"), json={"name": "Free for all"}))
    assert (plan["request_count"], plan["burst_count"]) == (None, None)


def test_a_limit_is_taken_away_with_null(admin):
    unlimited = {"request_count": None}
    assert made(admin.patch(api("/plans/Gold"), json=unlimited), 200)["request_count"] is None


def test_nothing_is_written_when_nothing_changes(installed, admin):
    before = made(admin.get(api("/plans/Gold")), 200)
    same = {name: before[name] for name in ("name", "request_count", "unit", "description")}
    assert made(admin.patch(api("/plans/Gold"), json=same), 200)["revision"] == before["revision"]


def test_a_plan_may_be_called_otherwise(admin):
    journey(admin)
    made(admin.patch(api("/plans/Bronze"), json={"name": "Basic"}), 200)
    assert made(admin.get(api("/subscriptions")), 200)["items"][0]["plan"] == "Basic"
    assert made(admin.patch(api("/plans/basic"), json={"name": "BASIC"}), 200)["name"] == "BASIC"


def test_a_plan_in_use_stays(admin):
    things = journey(admin)
    problem = refused(admin.delete(api("/plans/Bronze")), 409, "conflict", "plan")
    assert "1 subscription is" in problem["detail"]
    assert made(admin.get(api("/plans/Bronze")), 200)["subscription_count"] == 1
    move = {"plan": "Gold"}
    made(admin.patch(api(f"/subscriptions/{things['subscription']}"), json=move), 200)
    assert admin.delete(api("/plans/Bronze")).status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("POST", "/plans", {"name": "gold"}, 409, "name"),
        ("POST", "/plans", {"name": " "}, 422, "name"),
        ("POST", "/plans", {"name": "a/b"}, 422, "name"),
        ("POST", "/plans", {"name": "x", "unit": "second"}, 422, "unit"),
        ("POST", "/plans", {"name": "x", "request_count": 0}, 422, "request_count"),
        ("POST", "/plans", {"name": "x", "request_count": 10**10}, 422, "request_count"),
        ("POST", "/plans", {"name": "x", "request_count": 10**30}, 422, "request_count"),
        ("POST", "/plans", {"name": "x", "request_count": 1.5}, 422, "request_count"),
        ("POST", "/plans", {"name": "x", "burst_count": 5}, 422, "burst_count"),
        ("POST", "/plans", {"name": "x", "description": "\x07"}, 422, "description"),
        ("POST", "/plans", {"name": "x", "price": 1}, 422, "price"),
        ("PATCH", "/plans/Gold", {"name": "Silver"}, 409, "name"),
        ("PATCH", "/plans/Gold", {"burst_count": 5000}, 422, "burst_count"),
        ("PATCH", "/plans/Gold", {"burst_count": 9, "burst_seconds": 60}, 422, "burst_seconds"),
        ("PATCH", "/plans/Unlimited", {"burst_count": 9}, 422, "burst_count"),
        ("PATCH", "/plans/none", {"name": "x"}, 404, "plan"),
        ("DELETE", "/plans/none", None, 404, "plan"),
    ],
)
def test_refused_with_a_way_out_and_nothing_written(
    installed, admin, method, path, body, status, field
):
    with installed.store.read() as tx:
        before = tx.sequence, tx.audit_records.count()
    assert refused(admin.request(method, api(path), json=body), status, field=field)["way_out"]
    with installed.store.read() as tx:
        assert (tx.sequence, tx.audit_records.count()) == before


def test_the_number_of_plans_is_bounded(installed, admin):
    with installed.store.write() as tx:
        (row,) = tx.plans.find(organization_id=installed.desk(tx).organization.id, name="Gold")
        for number in range(196):
            from dataclasses import replace

            tx.plans.add(replace(row, id=f"plan_{number:026}", name=f"p{number}"))
    refused(admin.post(api("/plans"), json={"name": "One more"}), 409, "conflict", "plans")
