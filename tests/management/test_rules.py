"""Every rule's refusal, as seen through the wire: status, code, field, and a way out."""

import pytest
from tests.management.installation import DOCUMENT, api, journey, made, refused

from gatewright.control.findings import Finding

OPERATION = {"method": "GET", "path": "/x"}
SECRETS = "/applications/demo-app/credentials/production/secrets"


def new_api(**body):
    return {"name": "Other API", "operations": [OPERATION], **body}


REFUSALS = [
    ("PATCH", "/organization", {"signing_algorithm": "HS256"}, 422, "signing_algorithm"),
    ("PATCH", "/organization", {"name": " "}, 422, "name"),
    ("POST", "/apis/import", {"document": DOCUMENT}, 409, "version"),
    ("POST", "/apis/import", {}, 422, "document"),
    ("POST", "/apis/import", {"document": "x", "url": "http://x"}, 422, "document"),
    ("POST", "/apis/import", {"document": "[]"}, 422, "document"),
    ("POST", "/apis/import", {"url": "http://nowhere.invalid/"}, 422, "url"),
    ("POST", "/apis/import", {"url": "file:///etc/passwd"}, 422, "url"),
    (
        "POST", "/apis/import",
        {"document": DOCUMENT, "update": True, "context": "/elsewhere"}, 409, "context",
    ),
    ("POST", "/apis/import", {"document": DOCUMENT, "version": "2"}, 422, "version"),
    (
        "POST", "/apis/import",
        {"document": DOCUMENT, "version": "v2.0", "context": "/elsewhere"}, 409, "context",
    ),
    ("POST", "/apis/import", {"document": DOCUMENT, "handle": "Bad!"}, 422, "handle"),
    ("POST", "/apis/import", {"document": DOCUMENT, "unknown": 1}, 422, "unknown"),
    ("POST", "/apis", new_api(context="/reading-list"), 409, "context"),
    ("POST", "/apis", new_api(context="no-slash"), 422, "context"),
    ("POST", "/apis", new_api(version="1"), 422, "version"),
    ("POST", "/apis", new_api(upstream="ftp://x"), 422, "upstream"),
    ("POST", "/apis", new_api(name=" "), 422, "name"),
    ("POST", "/apis", new_api(operations=[OPERATION, OPERATION]), 422, "operations"),
    ("POST", "/apis", new_api(operations=[{"method": "TRACE", "path": "/x"}]), 422, "operations"),
    ("POST", "/apis", new_api(operations=[{"method": "GET", "path": "x"}]), 422, "operations"),
    ("POST", "/apis", new_api(operations=[{**OPERATION, "alternatives": []}]), 422, "operations"),
    ("POST", "/apis", new_api(scopes=[{"name": "a b"}]), 422, "operations"),
    ("PATCH", "/apis/reading-list", {"upstreams": {"mars": "http://x"}}, 404, "upstreams.mars"),
    (
        "PATCH", "/apis/reading-list",
        {"upstreams": {"production": "x"}}, 422, "upstreams.production",
    ),
    ("POST", "/apis/reading-list/scopes", {"name": "books:read"}, 409, "name"),
    ("POST", "/apis/reading-list/scopes", {"name": "a b"}, 422, "name"),
    (
        "POST", "/apis/reading-list/scope-attachments",
        {"scope": "a", "operation": "GET /none"}, 404, "operation",
    ),
    (
        "POST", "/apis/reading-list/scope-attachments",
        {"scope": "a", "operation": "/books"}, 422, "operation",
    ),
    ("POST", "/apis/reading-list/deployments", {"environment": "mars"}, 404, "environment"),
    ("POST", "/apis/reading-list/deployments", {"revision": 99}, 404, "revision"),
    ("POST", "/apis/reading-list/deployments", {"revision": 10**30}, 422, "revision"),
    ("POST", "/apis/reading-list/deployments", {"upstream": "x"}, 422, "upstream"),
    ("POST", "/apis/reading-list/promotions", {"from": "mars", "to": "production"}, 404, "from"),
    ("POST", "/apis/reading-list/lifecycle", {"state": "retired"}, 409, "state"),
    ("POST", "/apis/reading-list/lifecycle", {"state": "asleep"}, 422, "state"),
    ("DELETE", "/apis/reading-list", None, 409, "api"),
    ("POST", "/applications", {"name": "Demo app"}, 409, "name"),
    ("POST", "/applications", {"name": "x", "handle": "demo-app"}, 409, "handle"),
    ("POST", "/applications", {"name": "x", "allowed_scopes": ["a b"]}, 422, "allowed_scopes"),
    ("POST", "/applications/demo-app/credentials", {"kind": "production"}, 409, "kind"),
    ("POST", "/applications/demo-app/credentials", {"kind": "moon"}, 422, "kind"),
    (
        "POST", "/applications/demo-app/credentials",
        {"kind": "sandbox", "token_ttl_seconds": 59}, 422, "token_ttl_seconds",
    ),
    (
        "PATCH", "/applications/demo-app/credentials/production",
        {"token_ttl_seconds": 86_401}, 422, "token_ttl_seconds",
    ),
    ("POST", "/applications/demo-app/tokens", {"kind": "sandbox"}, 404, "kind"),
    ("DELETE", f"{SECRETS}/sec_none", None, 404, "secret"),
    ("POST", "/subscriptions", {"application": "demo-app", "api": "reading-list"}, 409, "api"),
    ("POST", "/subscriptions", {"application": "none", "api": "reading-list"}, 404, "application"),
    ("POST", "/subscriptions", {"application": "demo-app", "api": "none"}, 404, "api"),
    (
        "POST", "/subscriptions",
        {"application": "demo-app", "api": "reading-list", "plan": "Lead"}, 404, "plan",
    ),
    ("DELETE", "/access-tokens/log_none", None, 404, "id"),
    ("POST", "/members", {"handle": "owner", "name": "x", "role": "admin"}, 409, "handle"),
    ("PATCH", "/members/owner", {"role": "auditor"}, 409, "role"),
    ("DELETE", "/members/owner", None, 409, "role"),
    ("GET", "/apis?limit=0", None, 422, "limit"),
    ("GET", "/apis?limit=201", None, 422, "limit"),
    ("GET", "/apis?cursor=nonsense", None, 422, "cursor"),
    ("GET", "/apis?state=asleep", None, 422, "state"),
]  # fmt: skip


@pytest.mark.parametrize(
    "method, path, body, status, field",
    REFUSALS,
    ids=[f"{row[0]} {row[1]} {row[4]} {at}" for at, row in enumerate(REFUSALS)],
)
def test_refused_with_field_and_way_out_and_nothing_written(
    installed, admin, method, path, body, status, field
):
    journey(admin)
    with installed.store.read() as tx:
        before = tx.sequence, tx.audit_records.count()
    problem = refused(admin.request(method, api(path), json=body), status, field=field)
    assert problem["way_out"]
    with installed.store.read() as tx:
        assert (tx.sequence, tx.audit_records.count()) == before


def test_deploy_check_findings_are_listed_and_nothing_is_deployed(installed, admin):
    id = made(admin.post(api("/apis/import"), json={"document": DOCUMENT}))["api"]["id"]
    installed.findings.append(Finding("GET /books", "The gateway can not serve it."))
    problem = refused(admin.post(api(f"/apis/{id}/deployments"), json={}), 422, "invalid", "api")
    assert [item["field"] for item in problem["errors"]] == ["GET /books"] * 2
    assert made(admin.get(api(f"/apis/{id}/deployments")), 200)["items"] == []


def test_deploy_without_upstream_says_so(admin):
    id = made(admin.post(api("/apis"), json=new_api()))["id"]
    refused(admin.post(api(f"/apis/{id}/deployments"), json={}), 409, "conflict", "upstream")
    body = {"environment": "sandbox", "upstream": "http://127.0.0.1:9"}
    made(admin.post(api(f"/apis/{id}/deployments"), json=body))
    promotion = {"from": "development", "to": "production"}
    refused(admin.post(api(f"/apis/{id}/promotions"), json=promotion), 409, field="upstream")


def test_publishing_asks_for_a_deployment(admin):
    id = made(admin.post(api("/apis/import"), json={"document": DOCUMENT}))["api"]["id"]
    path = api(f"/apis/{id}/lifecycle")
    assert "Deploy" in refused(admin.post(path, json={"state": "published"}), 409)["way_out"]


def test_last_deployment_of_a_listed_api_stays(admin):
    id = journey(admin)["api"]
    assert admin.delete(api(f"/apis/{id}/deployments/development")).status_code == 204
    last = api(f"/apis/{id}/deployments/production")
    refused(admin.delete(last), 409, "conflict", "environment")
    made(admin.post(api(f"/apis/{id}/lifecycle"), json={"state": "blocked"}), 200)
    assert admin.delete(last).status_code == 204
    refused(admin.delete(last), 404, "not-found", "environment")


def test_retired_is_final_undeployed_and_can_be_deleted(admin):
    things = journey(admin)
    id = things["api"]
    for state in ("deprecated", "retired"):
        made(admin.post(api(f"/apis/{id}/lifecycle"), json={"state": state}), 200)
    shown = made(admin.get(api(f"/apis/{id}")), 200)
    assert shown["deployments"] == [] and shown["next_states"] == []
    for path, body in [
        ("lifecycle", {"state": "published"}),
        ("deployments", {}),
        ("scopes", {"name": "new"}),
    ]:
        refused(admin.post(api(f"/apis/{id}/{path}"), json=body), 409, "conflict", "state")
    update = {"document": DOCUMENT, "update": True}
    refused(admin.post(api("/apis/import"), json=update), 409, "conflict", "state")
    assert admin.delete(api(f"/apis/{id}")).status_code == 204
    refused(admin.get(api(f"/subscriptions/{things['subscription']}")), 404)


@pytest.mark.parametrize("state", ["created", "blocked", "deprecated"])
def test_no_new_subscription_in_state(admin, state):
    things = journey(admin)
    made(admin.post(api(f"/apis/{things['api']}/lifecycle"), json={"state": state}), 200)
    made(admin.post(api("/applications"), json={"name": "Late"}))
    body = {"application": "late", "api": "reading-list"}
    refused(admin.post(api("/subscriptions"), json=body), 409, "conflict", "api")
    made(admin.get(api(f"/subscriptions/{things['subscription']}")), 200)


def test_bare_handle_subscribes_to_the_newest_version_that_takes_subscriptions(admin):
    journey(admin)
    made(admin.post(api("/apis/import"), json={"document": DOCUMENT, "version": "v2.0"}))
    made(admin.post(api("/applications"), json={"name": "Late"}))
    body = {"application": "late", "api": "reading-list"}
    assert made(admin.post(api("/subscriptions"), json=body))["api_major"] == 1
    assert made(admin.get(api("/apis/reading-list")), 200)["version"] == "v2.0"


def test_delete_by_force_ends_subscriptions_only_with_the_major_version(admin):
    things = journey(admin)
    made(admin.post(api("/apis/import"), json={"document": DOCUMENT, "version": "v1.1"}))
    kept = api(f"/subscriptions/{things['subscription']}")
    assert admin.delete(api("/apis/reading-list:v1.1?force=true")).status_code == 204
    made(admin.get(kept), 200)
    assert admin.delete(api("/apis/reading-list?force=true")).status_code == 204
    refused(admin.get(kept), 404)


def test_deleting_an_application_takes_keys_and_subscriptions_with_it(installed, admin):
    app = journey(admin)["app"]
    assert admin.delete(api(f"/applications/{app}")).status_code == 204
    with installed.store.read() as tx:
        left = [tx.credentials.count(), tx.secrets.count(), tx.subscriptions.count()]
    assert left == [0, 0, 0]


def test_sixth_secret_is_refused(admin):
    journey(admin)
    for number in range(2, 6):
        made(admin.post(api(SECRETS), json={"name": f"number {number}"}))
    refused(admin.post(api(SECRETS), json={"name": "six"}), 409, "conflict", "secrets")


@pytest.mark.parametrize(
    "method, path, body",
    [
        ("PATCH", "/apis/reading-list", {"name": "Mine"}),
        ("PUT", "/apis/reading-list/operations", {"operations": [OPERATION]}),
        ("DELETE", "/apis/reading-list?force=true", None),
        ("POST", "/apis/reading-list/lifecycle", {"state": "blocked"}),
        ("PATCH", "/applications/demo-app", {"name": "Mine"}),
        ("DELETE", "/applications/demo-app", None),
        ("PATCH", "/applications/demo-app/credentials/production", {"token_ttl_seconds": 60}),
        ("PATCH", "/members/consumer", {"name": "Mine"}),
    ],
)
def test_lost_update_is_refused(admin, method, path, body):
    journey(admin)
    stale = {"If-Match": '"99"'}
    refused(admin.request(method, api(path), json=body, headers=stale), 412, "stale", "If-Match")
    wrong = {"If-Match": "three"}
    refused(admin.request(method, api(path), json=body, headers=wrong), 422, field="If-Match")
    if method == "PATCH" and "members" not in path and "credentials" not in path:
        etag = admin.get(api(path)).headers["etag"]
        fresh = admin.patch(api(path), json=body, headers={"If-Match": etag})
        assert fresh.status_code == 200 and fresh.headers["etag"] != etag
        again = admin.patch(api(path), json={"name": "Yours"}, headers={"If-Match": etag})
        refused(again, 412, "stale")


def test_another_signing_algorithm_makes_its_keys_in_the_same_transaction(installed, admin):
    before = admin.get(api("/organization")).json()
    assert before["signing_algorithm"] == "ES256"
    changed = admin.patch(api("/organization"), json={"signing_algorithm": "RS256"})
    assert changed.json() == before | {"signing_algorithm": "RS256", "revision": 2}
    assert installed.keys_ensured == ["RS256"]
    same = admin.patch(api("/organization"), json={"signing_algorithm": "RS256"})
    assert same.json()["revision"] == 2
    assert installed.keys_ensured == ["RS256"]


def test_a_stale_change_of_the_organization_is_refused(admin):
    headers = {"If-Match": '"7"'}
    stale = admin.patch(api("/organization"), json={"name": "New"}, headers=headers)
    assert stale.status_code == 412
