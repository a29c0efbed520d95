"""The guide's own way through the management API, and what each step answers."""

import pytest
from tests.management.installation import DOCUMENT, api, journey, made, refused


def test_import_shows_operations_and_scopes_by_both_names(admin):
    answer = made(admin.post(api("/apis/import"), json={"document": DOCUMENT}))
    shown = answer["api"]
    assert answer["created"] and not answer["dry_run"]
    assert (shown["context"], shown["version"], shown["state"]) == (
        "/reading-list", "v1.0", "CREATED",
    )  # fmt: skip
    assert [item["operation"] for item in shown["operations"]] == [
        "GET /books", "POST /books", "GET /books/{id}",
    ]  # fmt: skip
    assert shown["scopes"][0]["qualified_name"] == "urn:default:reading-list:books:read"
    assert shown["scopes"][1]["operations"] == ["POST /books"]
    assert shown["upstreams"] == {
        "development": "http://127.0.0.1:9000/api", "production": "http://127.0.0.1:9000/api",
    }  # fmt: skip
    assert answer["warnings"][0]["location"] == "/info/version (line 3)"


def test_whole_way(installed, admin):
    things = journey(admin)
    keys = things["keys"]
    assert keys["client_secret"].startswith("gws_")
    assert keys["connection"]["curl"] == (
        f"curl -u '{keys['client_id']}:{keys['client_secret']}' -d grant_type=client_credentials"
        " http://127.0.0.1:8001/sts/default/production/token"
    )
    assert keys["connection"]["metadata_url"] == (
        "http://127.0.0.1:8001/.well-known/oauth-authorization-server/sts/default/production"
    )
    listed = made(admin.get(api("/applications/demo-app/credentials")), 200)["items"][0]
    assert listed["client_secret"] is None and listed["secrets"][0]["client_secret"] is None
    token = made(admin.post(api("/applications/Demo app/tokens"), json={}), 200)
    assert token["expires_in"] == 900
    refused(
        admin.post(api("/applications/demo-app/tokens"), json={"scope": "books:burn"}),
        422, "invalid", "scope",
    )  # fmt: skip
    gone = admin.post(api("/token-revocations"), json={"token": token["access_token"]})
    assert made(gone, 200) == {"revoked": True, "live": True}
    owner = made(admin.get(api("/me")), 200)["user"]["id"]
    assert installed.tokens.revoked == [("default", token["access_token"], owner)]


def test_status_names_every_url_and_counts(admin):
    journey(admin)
    status = made(admin.get(api("/status")), 200)
    assert status["urls"]["sts"] == "http://127.0.0.1:8001/sts/default/production"
    assert status["urls"]["gateway"] == {
        "production": "http://127.0.0.1:8080", "sandbox": "http://127.0.0.1:8081",
        "development": "http://127.0.0.1:8081",
    }  # fmt: skip
    assert status["counts"] == {"apis": 1, "applications": 1, "subscriptions": 1}
    assert status["sequence"] > 0


def test_deploy_reuses_the_revision_of_unchanged_content(admin):
    id = journey(admin)["api"]
    made(admin.post(api(f"/apis/{id}/deployments"), json={}))
    assert len(made(admin.get(api(f"/apis/{id}/revisions")), 200)["items"]) == 1
    made(
        admin.post(
            api(f"/apis/{id}/scope-attachments"),
            json={"scope": "urn:default:reading-list:books:admin", "operation": "GET /books/{x}"},
        ),
        200,
    )
    deployed = made(admin.post(api(f"/apis/{id}/deployments"), json={"environment": "development"}))
    assert [item["revision"] for item in deployed["items"]] == [2, 1]
    promoted = admin.post(
        api(f"/apis/{id}/promotions"), json={"from": "development", "to": "production"}
    )
    assert [item["revision"] for item in made(promoted)["items"]] == [2, 2]
    back = {"environment": "production", "revision": 1}
    rolled = made(admin.post(api(f"/apis/{id}/deployments"), json=back))["items"]
    assert [item["revision"] for item in rolled] == [2, 1]
    assert rolled[1]["url"] == "http://127.0.0.1:8080/reading-list/v1.0"
    revisions = made(admin.get(api(f"/apis/{id}/revisions")), 200)["items"]
    assert [item["environments"] for item in revisions] == [["production"], ["development"]]


def test_attach_and_detach_change_what_an_operation_asks_for(admin):
    id = journey(admin)["api"]
    body = {"scope": "books:admin", "operation": "*"}
    shown = made(admin.post(api(f"/apis/{id}/scope-attachments"), json=body), 200)
    assert shown["operations"][0]["alternatives"] == [["books:read"], ["books:admin"]]
    path = api(f"/apis/{id}/scope-attachments")
    query = {"scope": "books:read", "operation": "GET /books"}
    shown = made(admin.delete(path, params=query), 200)
    assert shown["operations"][0]["alternatives"] == [["books:admin"]]
    refused(admin.delete(path, params=query), 404, "not-found", "scope")


def test_update_keeps_the_state_and_names_removed_operations(admin):
    journey(admin)
    shorter = DOCUMENT.replace("  /books/{id}:\n    get: {summary: One book}\n", "")
    body = {"document": shorter, "update": True}
    dry = made(admin.post(api("/apis/import"), json={**body, "dry_run": True}))
    assert dry["removed_operations"] == ["GET /books/{id}"] and not dry["created"]
    assert len(made(admin.get(api("/apis/reading-list")), 200)["operations"]) == 3
    done = made(admin.post(api("/apis/import"), json=body))
    assert done["api"]["state"] == "PUBLISHED" and len(done["api"]["operations"]) == 2


def test_dry_run_writes_nothing(admin):
    body = {"document": DOCUMENT, "dry_run": True}
    made(admin.post(api("/apis/import"), json=body))
    assert made(admin.get(api("/apis")), 200)["items"] == []


def test_secrets_rotate_without_a_gap(admin):
    app = journey(admin)["app"]
    path = api(f"/applications/{app}/credentials/production/secrets")
    second = made(admin.post(path, json={"name": "second", "expires_in_days": 30}))
    first = made(admin.get(api(f"/applications/{app}/credentials")), 200)["items"][0]["secrets"][0]
    assert admin.delete(f"{path}/{first['id']}").status_code == 204
    refused(admin.delete(f"{path}/{second['id']}"), 409, "conflict", "secret")
    revoked = admin.post(api(f"/applications/{app}/credentials/production/revoke-tokens"))
    assert made(revoked, 200)["generation"] == 2


def test_expired_secret_does_not_count_as_usable(installed, admin):
    app = journey(admin)["app"]
    path = api(f"/applications/{app}/credentials/production/secrets")
    short = made(admin.post(path, json={"name": "short", "expires_in_days": 1}))
    first = made(admin.get(api(f"/applications/{app}/credentials")), 200)["items"][0]["secrets"][0]
    installed.clock.pass_time(days=2)
    refused(admin.delete(f"{path}/{first['id']}"), 409, "conflict", "secret")
    assert admin.delete(f"{path}/{short['id']}").status_code == 204


def test_live_compares_with_what_gateways_applied(installed, admin):
    from gatewright.domain.observed import GatewayNode

    answer = admin.post(api("/applications"), json={"name": "One"})
    sequence = int(answer.headers["gatewright-sequence"])
    path = api(f"/live?sequence={sequence}")
    assert made(admin.get(path), 200)["live"] is False
    with installed.store.write() as tx:
        ids = frozenset(item.id for item in tx.environments.find())
        tx.gateway_nodes.add(
            GatewayNode("envoy", ids, True, installed.clock.now, "1.40", sequence, "")
        )
    shown = made(admin.get(path), 200)
    assert shown["live"] is True
    assert shown["gateways"][0]["environments"] == ["development", "production"]
    assert made(admin.get(api(f"/live?sequence={sequence + 1}")), 200)["live"] is False


def test_sign_in_link_works_once(installed):
    from gatewright.control import logins, organizations

    with installed.store.write() as tx:
        owner = organizations.owner(tx, organizations.find(tx))
        code = logins.create_sign_in_link(tx, installed.world, installed.keyring, owner)
    guest = installed.client()
    body = {"code": code.clear.reveal(), "as": "token", "name": "laptop"}
    session = made(guest.post(api("/sessions"), json=body))
    guest.headers["Authorization"] = f"Bearer {session['token']}"
    me = made(guest.get(api("/me")), 200)
    assert (me["user"]["handle"], me["organization"]) == ("owner", "default")
    refused(installed.client().post(api("/sessions"), json=body), 401, "unauthenticated")


@pytest.mark.parametrize("minutes, status", [(29, 201), (30, 401)])
def test_sign_in_link_lasts_half_an_hour(installed, admin, minutes, status):
    link = made(admin.post(api("/members/consumer/sign-in-links")))
    installed.clock.pass_time(minutes=minutes)
    body = {"code": link["code"], "as": "token"}
    assert installed.client().post(api("/sessions"), json=body).status_code == status
