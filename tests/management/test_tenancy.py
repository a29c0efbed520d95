"""Two organizations of the same names: nothing of the one is seen or changed from the other."""

import re

import pytest
from fastapi.routing import APIRoute
from tests.crypto.served import ServerAuthority
from tests.management.installation import DOCUMENT, api, journey, made, refused
from tests.management.test_key_managers import key_manager

from gatewright.interfaces.management.routes import ROUTERS

BODIES = {
    "edit_api": {"name": "Stolen"},
    "set_operations": {"operations": []},
    "move_api": {"state": "blocked"},
    "define_scope": {"name": "stolen"},
    "attach_scope": {"scope": "stolen", "operation": "*"},
    "deploy": {},
    "promote": {"from": "development", "to": "production"},
    "edit_application": {"name": "Stolen"},
    "create_credential": {"kind": "sandbox"},
    "edit_credential": {"token_ttl_seconds": 60},
    "add_secret": {"name": "stolen"},
    "rotate_secrets": {"overlap_seconds": 0},
    "add_authenticator": {"method": "tls_client_auth", "tls_client_auth_san_dns": "evil.example"},
    "generate_token": {},
    "edit_subscription": {"blocked": True},
    "reject_subscription": {"reason": "stolen"},
    "edit_plan": {"request_count": 1},
    "edit_limits": {"api": "1/minute"},
    "roll_back": {"environment": "production"},
    "edit_member": {"name": "Stolen"},
    "edit_key_manager": {"enabled": False},
    "edit_access": {"api_keys": True},
    "secure_operation": {"operation": "*", "security": "none"},
    "create_test_key": {"environment": "production"},
    "create_api_key": {"name": "stolen"},
    "regenerate_api_key": {},
    "renew_certificate": {"certificate": "stolen", "private_key": "stolen"},
    "link_external_client": {"key_manager": "main-realm", "client_id": "stolen"},
}
QUERIES = {
    "detach_scope": {"scope": "books:read", "operation": "*"},
    "list_differences": {"from": "draft"},
}
ITEM_ROUTES = [
    (method, route.path, route.name)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and "{" in route.path
    for method in sorted(route.methods)
]


def everything(installed):
    """All rows of the organization `default` but the records of who looked."""
    with installed.store.read() as tx:
        (organization,) = tx.organizations.find(handle="default")
        nouns = (
            "environments", "apis", "revisions", "deployments", "plans", "applications",
            "credentials", "secrets", "subscriptions", "users", "audit_records", "key_managers",
            "authenticators", "signing_keys", "revoked_tokens", "registrations",
            "initial_access_tokens", "external_clients", "fetched_key_sets", "api_keys",
            "api_key_signers", "domains",
        )  # fmt: skip
        return {noun: getattr(tx, noun).find(organization_id=organization.id) for noun in nouns} | {
            "logins": [item.id for item in tx.logins.find(organization_id=organization.id)]
        }


@pytest.fixture
def stranger(installed, admin):
    """The administrator of `other`, and the names of what `default` has."""
    things = journey(admin)
    secret = things["keys"]["secrets"][0]["id"]
    key = made(admin.post(api(f"/applications/{things['app']}/api-keys"), json={"name": "k"}))
    pair = ServerAuthority(installed.clock.now).issue("api.example.com")
    domain = made(admin.post(api("/domains"), json={
        "host": "api.example.com", "environment": "production", "certificate": pair.chain,
        "private_key": pair.key,
    }))  # fmt: skip
    with installed.store.read() as tx:
        (organization,) = tx.organizations.find(handle="default")
        user = tx.users.find(organization_id=organization.id, handle="consumer")[0]
        login = tx.logins.find(user_id=user.id)[0]
    ids = {
        "key": key["id"], "domain": domain["id"],
        "api": things["api"], "app": things["app"], "member": user.id, "kind": "production",
        "environment": "production", "manager": key_manager(admin)["id"], "client": "stolen",
        "plan": made(admin.post(api("/plans"), json={"name": "Platinum"}))["id"],
    }  # fmt: skip
    by_route = {"remove_secret": secret, "end_access_token": login.id}
    return installed.client("admin", "other"), ids, by_route, things["subscription"]


@pytest.mark.parametrize("method, path, name", ITEM_ROUTES, ids=lambda value: str(value)[:40])
def test_what_another_organization_has_is_not_found(installed, stranger, method, path, name):
    client, ids, by_route, subscription = stranger
    before = everything(installed)
    ids["id"] = by_route.get(name, subscription)
    target = re.sub(r"\{(\w+)\}", lambda match: ids[match[1]], path)
    answer = client.request(
        method, api(target), json=BODIES.get(name), params=QUERIES.get(name, {})
    )
    assert refused(answer, 404, "not-found")["detail"]
    assert everything(installed) == before


def test_item_routes_with_bodies_are_all_here():
    bodied = {name for method, _, name in ITEM_ROUTES if method in ("PATCH", "PUT")}
    assert bodied <= set(BODIES)


@pytest.mark.parametrize(
    "path", ["/apis", "/applications", "/subscriptions", "/audit", "/members", "/access-tokens"]
)
def test_lists_hold_nothing_of_another_organization(stranger, admin, path):
    client, *_ = stranger
    own = {item["id"] for item in made(admin.get(api(path)), 200)["items"]}
    others = {item["id"] for item in made(client.get(api(path)), 200)["items"]}
    assert own and not own & others


def test_a_cursor_opens_no_other_organization(stranger, admin):
    client, *_ = stranger
    made(admin.post(api("/applications"), json={"name": "Two"}))
    cursor = made(admin.get(api("/applications?limit=1")), 200)["next_cursor"]
    assert made(client.get(api("/applications"), params={"cursor": cursor}), 200)["items"] == []


def test_the_same_names_live_side_by_side(stranger, admin):
    client, *_ = stranger
    journey(client)
    shown = made(client.get(api("/apis/reading-list")), 200)
    assert shown["id"] != made(admin.get(api("/apis/reading-list")), 200)["id"]
    assert shown["scopes"][0]["qualified_name"].startswith("urn:other:")


def test_foreign_ids_in_bodies_are_not_found(stranger):
    client, ids, *_ = stranger
    made(client.post(api("/apis/import"), json={"document": DOCUMENT}))
    body = {"application": ids["app"], "api": ids["api"]}
    refused(client.post(api("/subscriptions"), json=body), 404, "not-found", "application")
    refused(client.get(api("/subscriptions"), params={"api": ids["api"]}), 404)
    refused(client.get(api("/subscriptions"), params={"application": ids["app"]}), 404)
