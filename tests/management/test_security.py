"""Who may call an API: settings by API, security by operation, and test keys, on the wire."""

import json

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.management.installation import DOCUMENT, api, journey, made, refused

from gatewright.control import test_keys as keys_of_tests
from gatewright.crypto.jwk import ES256
from gatewright.domain.environment import Kind
from gatewright.domain.token import issuer

KEYS = DOCUMENT.replace("      type: oauth2", "      type: oauth2\n      x-note: none").replace(
    "  securitySchemes:", "  securitySchemes:\n    key: {type: apiKey, in: header, name: X-Key}"
)
USUAL = {
    "token_header": "authorization",
    "subscription_required": True,
    "api_keys": False,
    "key_managers": None,
}


@pytest.fixture
def books(admin):
    return made(admin.post(api("/apis/import"), json={"document": DOCUMENT}))["api"]["id"]


@pytest.fixture
def access(books):
    return api(f"/apis/{books}/access")


def shown(answer):
    return {name: answer[name] for name in USUAL}


def revision(admin, books):
    deployed = made(admin.post(api(f"/apis/{books}/deployments"), json={}))
    return deployed["items"][0]["revision"]


def test_settings_are_shown_and_changed_one_by_one(admin, books, access):
    first = admin.get(access)
    assert shown(made(first, 200)) == USUAL == made(admin.get(api(f"/apis/{books}")), 200)["access"]
    assert first.headers["etag"] == '"1"'
    wanted = dict(USUAL)
    for name, value in (
        ("token_header", "x-token"), ("subscription_required", False), ("api_keys", True),
        ("key_managers", ["sts"]), ("token_header", "authorization"), ("key_managers", None),
    ):  # fmt: skip
        wanted[name] = value
        assert shown(made(admin.patch(access, json={name: value}), 200)) == wanted
    assert made(admin.patch(access, json={}), 200)["revision"] == 7


def test_a_changed_setting_is_a_new_revision(admin, books, access):
    assert revision(admin, books) == revision(admin, books) == 1
    made(admin.patch(access, json={"api_keys": True}), 200)
    assert revision(admin, books) == 2
    made(admin.patch(access, json={"api_keys": False}), 200)
    assert revision(admin, books) == 3
    body = {"operation": "GET /books", "api_key": True}
    made(admin.patch(api(f"/apis/{books}/operations"), json=body), 200)
    assert revision(admin, books) == 4


def test_a_stale_change_is_refused(admin, access):
    made(admin.patch(access, json={"api_keys": True}, headers={"If-Match": '"1"'}), 200)
    stale = admin.patch(access, json={"api_keys": False}, headers={"If-Match": '"1"'})
    refused(stale, 412, "stale")


HEADERS = [
    "host", "Content-Length", "connection", "cookie", "x-gw-subject", "X-Forwarded-For",
    "x-forwarded-anything", "api-key", "TEST-KEY", "dpop", "transfer-encoding", "te", "upgrade",
    "proxy-authorization", "x-envoy-original-path", "sec-fetch-site", "if-match", "x-request-id",
    "client-cert", "forwarded", "access-control-request-method", ":path", "", " ", "x token",
    "x_token", "x-token-", "-x", "1x", "x.token", "a" * 65, "x-token\n", "x-tøken", "x:y",
]  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_headers_that_are_refused(admin, access, name):
    if name == "x-token\n":
        assert made(admin.patch(access, json={"token_header": name}), 200)["token_header"] == (
            "x-token"
        )
        return
    refused(admin.patch(access, json={"token_header": name}), 422, "invalid", "token_header")


def test_a_header_is_lower_cased_and_the_change_warned_of(admin, access):
    told = made(admin.patch(access, json={"token_header": "X-Access-Token"}), 200)
    assert told["token_header"] == "x-access-token"
    (warning,) = told["warnings"]
    assert warning["location"] == "token_header" and "authorization" in warning["message"]
    again = made(admin.patch(access, json={"token_header": "x-access-token"}), 200)
    assert again["warnings"] == [] and again["revision"] == told["revision"]


def test_key_managers_are_named_by_handle(admin, access):
    body = {"issuer": "https://idp.test", "jwks_uri": "https://idp.test/jwks", "handle": "okta"}
    made(admin.post(api("/key-managers"), json=body))
    told = made(admin.patch(access, json={"key_managers": ["sts", "okta"]}), 200)
    assert told["key_managers"] == ["okta", "sts"]
    assert [item["location"] for item in told["warnings"]] == ["key_managers"], "not for APIs yet"
    for wrong in (["okta", "entra"], [], ["https://idp.test"], ["STS"]):
        refused(admin.patch(access, json={"key_managers": wrong}), 422, "invalid", "key_managers")


def test_another_organizations_key_manager_is_none(installed, admin, access):
    body = {"issuer": "https://idp.test", "jwks_uri": "https://idp.test/jwks", "handle": "theirs"}
    made(installed.client("admin", "other").post(api("/key-managers"), json=body))
    refused(admin.patch(access, json={"key_managers": ["theirs"]}), 422)


@pytest.mark.parametrize("role", ["consumer", "auditor"])
def test_who_may_not_change_it(installed, admin, role):
    books = journey(admin)["api"]
    client = installed.client(role)
    made(client.get(api(f"/apis/{books}/access")), 200)
    for path, body in (
        ("access", {"api_keys": True}), ("operations", {"operation": "*", "security": "none"}),
    ):  # fmt: skip
        refused(client.patch(api(f"/apis/{books}/{path}"), json=body), 403)
    refused(client.post(api(f"/apis/{books}/test-key"), json={}), 403)


def test_settings_outlive_scopes_operations_and_imports(admin, books, access):
    wanted = {
        "token_header": "x-token", "subscription_required": False, "api_keys": True,
        "key_managers": ["sts"],
    }  # fmt: skip
    made(admin.patch(access, json=wanted), 200)
    made(admin.post(api(f"/apis/{books}/scopes"), json={"name": "more"}))
    body = {"scope": "more", "operation": "GET /books"}
    made(admin.post(api(f"/apis/{books}/scope-attachments"), json=body), 200)
    operations = {"operations": [{"method": "GET", "path": "/books"}]}
    made(admin.put(api(f"/apis/{books}/operations"), json=operations), 200)
    made(admin.post(api("/apis/import"), json={"document": DOCUMENT, "update": True}))
    assert shown(made(admin.get(access), 200)) == wanted


# Security by operation


def secured(admin, books, status=200, **body):
    answer = admin.patch(api(f"/apis/{books}/operations"), json=body)
    return made(answer, 200) if status == 200 else refused(answer, status)


def operation(answer, key="GET /books"):
    (found,) = [item for item in answer["operations"] if item["operation"] == key]
    return found["alternatives"], found["anonymous"], found["api_key"]


def test_taking_security_away_warns_and_keeps_the_scopes(admin, books):
    told = secured(admin, books, operation="GET /books", security="none")
    assert operation(told) == ([["books:read"]], True, False)
    assert operation(told, "GET /books/{id}") == ([["books:read"]], False, False)
    assert told["warnings"][0]["location"] == "GET /books"
    assert "anybody may call it" in told["warnings"][0]["message"]
    back = secured(admin, books, operation="GET /books", security="oauth2")
    assert operation(back) == ([["books:read"]], False, False)
    assert back["warnings"] == []


def test_every_operation_at_once(admin, books):
    told = secured(admin, books, operation="*", security="none")
    assert all(item["anonymous"] for item in told["operations"])
    anonymous = [item for item in told["warnings"] if "anybody may call it" in item["message"]]
    assert len(anonymous) == 3


def test_an_operation_takes_keys_beside_tokens(admin, books):
    told = secured(admin, books, operation="GET /books", api_key=True)
    assert operation(told) == ([["books:read"]], False, True)
    assert not told["access"]["api_keys"], "the others take none"
    assert operation(secured(admin, books, operation="GET /books", api_key=False)) == (
        [["books:read"]], False, False,
    )  # fmt: skip


def test_an_operation_for_keys_alone_never_becomes_free(admin):
    document = KEYS.replace("{summary: List books}", "{security: [{key: []}]}")
    imported = made(admin.post(api("/apis/import"), json={"document": document}))
    books = imported["api"]["id"]
    assert operation(imported["api"]) == ([], False, True)
    refusal = secured(admin, books, 409, operation="GET /books", api_key=False)
    assert refusal["field"] == "api_key"
    detached = admin.delete(
        api(f"/apis/{books}/scope-attachments"), params={"scope": "books:read", "operation": "*"}
    )
    assert operation(made(detached, 200)) == ([], False, True)
    told = secured(admin, books, operation="GET /books", security="oauth2", api_key=False)
    assert operation(told) == ([[]], False, False)


def test_alternatives_come_back_as_they_went_in(admin):
    ways = '[{sts: ["books:read", "books:write"]}, {sts: ["books:read"]}, {key: []}]'
    document = KEYS.replace("{summary: List books}", f"{{security: {ways}}}")
    whole = made(admin.post(api("/apis/import"), json={"document": document}))["api"]
    wanted = ([["books:read", "books:write"], ["books:read"]], False, True)
    assert operation(whole) == wanted
    names = ("method", "path", "summary", "operation_id", "alternatives", "anonymous", "api_key")
    operations = [{name: item[name] for name in names} for item in whole["operations"]]
    path = api(f"/apis/{whole['id']}/operations")
    again = made(admin.put(path, json={"operations": operations}), 200)
    assert again["operations"] == whole["operations"] and again["revision"] == whole["revision"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"operation": "GET /nowhere", "security": "none"}, 404),
        ({"operation": "FETCH /books", "security": "none"}, 422),
        ({"operation": "GET /books", "security": "basic"}, 422),
        ({"security": "none"}, 422),
    ],
)
def test_changes_that_are_refused(admin, books, body, status):
    secured(admin, books, status, **body)


def test_an_operation_that_nobody_could_call_is_refused(admin, books):
    body = {"operations": [{"method": "GET", "path": "/x", "alternatives": []}]}
    refused(admin.put(api(f"/apis/{books}/operations"), json=body), 422)
    body["operations"][0]["api_key"] = True
    made(admin.put(api(f"/apis/{books}/operations"), json=body), 200)


# Test keys


def claims(installed, text, kind):
    with installed.store.read() as tx:
        (signer,) = tx.api_key_signers.find(kind=kind)
        environments = {row.kind: row.id for row in tx.environments.find(
            organization_id=signer.organization_id)}  # fmt: skip
    key = ECKey.import_key(json.loads(signer.public_jwk))
    token = jwt.decode(text, key, algorithms=[ES256])
    assert token.header == {"alg": "ES256", "kid": signer.id, "typ": "JWT"}
    return token.claims, environments[kind]


@pytest.mark.parametrize("role", ["admin", "publisher", "developer"])
def test_a_test_key_is_for_one_api_in_one_environment(installed, admin, role):
    books = journey(admin)["api"]
    client = installed.client(role)
    body = {"environment": "development", "scopes": ["books:read"]}
    told = made(client.post(api(f"/apis/{books}/test-key"), json=body))
    found, environment = claims(installed, told["test_key"], Kind.SANDBOX)
    assert found == {
        "iss": issuer("http://127.0.0.1:8001", "default", Kind.SANDBOX) + "/keys",
        "aud": [f"urn:gatewright:test-key:{environment}"],
        "gwk": "test",
        "gwa": f"{environment}/reading-list/v1.0",
        "sub": made(client.get(api("/me")), 200)["user"]["id"],
        "jti": found["jti"],
        "scope": "books:read",
        "iat": found["iat"],
        "exp": found["iat"] + 900,
    }
    assert told["url"] == "http://127.0.0.1:8081/reading-list/v1.0"
    assert told["header"] == "test-key" and told["expires_in"] == 900
    assert told["curl"] == f"curl -H 'test-key: {told['test_key']}' {told['url']}/books"
    record = installed.client("admin").get(api("/audit?limit=200")).json()["items"][-1]
    assert record["action"] == "apis.test-key"
    assert record["detail"]["environment"] == "development"
    assert told["test_key"].rpartition(".")[2] not in json.dumps(record)


def test_without_a_choice_it_holds_every_scope(installed, admin):
    books = journey(admin)["api"]
    path = api(f"/apis/{books}/test-key")
    body = {"environment": "production"}
    first, second = (made(admin.post(path, json=body)) for _ in "12")
    found, _ = claims(installed, first["test_key"], Kind.PRODUCTION)
    assert found["scope"] == "books:read books:write" == " ".join(first["scopes"])
    assert first["test_key"] != second["test_key"]
    short = made(admin.post(path, json={**body, "scopes": []}))
    assert "scope" not in claims(installed, short["test_key"], Kind.PRODUCTION)[0]
    full = {**body, "scopes": ["urn:default:reading-list:books:read"]}
    assert made(admin.post(path, json=full))["scopes"] == ["books:read"]


def test_only_where_it_is_deployed(admin, books):
    path = api(f"/apis/{books}/test-key")
    refused(admin.post(path, json={}), 409, "conflict", "environment")
    made(admin.post(api(f"/apis/{books}/deployments"), json={"environment": "development"}))
    assert made(admin.post(path, json={}))["environment"] == "development"
    refused(admin.post(path, json={"environment": "production"}), 409, "conflict", "environment")
    refused(admin.post(path, json={"environment": "nowhere"}), 404)
    made(admin.post(api(f"/apis/{books}/deployments"), json={"environment": "production"}))
    refused(admin.post(path, json={}), 409, "conflict", "environment")


def test_only_scopes_that_are_deployed(admin, books):
    made(admin.post(api(f"/apis/{books}/deployments"), json={"environment": "development"}))
    made(admin.post(api(f"/apis/{books}/scopes"), json={"name": "new"}))
    path = api(f"/apis/{books}/test-key")
    for wrong in ("new", "books:delete", "urn:gatewright:every-scope", "books:read books:write"):
        refused(admin.post(path, json={"scopes": [wrong]}), 422, "invalid", "scopes")
    assert "new" not in made(admin.post(path, json={}))["scopes"]


def test_an_example_is_one_that_needs_no_parameters():
    from gatewright.domain.operation import Operation

    operations = [Operation("POST", "/a"), Operation("GET", "/b/{id}"), Operation("GET", "/c")]
    assert keys_of_tests._example(operations) == "/c"
    assert keys_of_tests._example(operations[:2]) == "/b/{id}"
    assert keys_of_tests._example(operations[:1]) == "/"
