"""Roles and sessions on the wire: who may do what, and what another site can not do."""

import pytest
from tests.management.installation import DOCUMENT, api, hand_over, journey, made, refused

KEY_MANAGER = {"issuer": "https://idp.test", "jwks_uri": "https://idp.test/jwks"}
WRITES = {
    "apis.write": ("POST", "/apis/import", {"document": DOCUMENT, "version": "v9.0"}),
    "apis.deploy": ("POST", "/apis/reading-list/deployments", {}),
    "apis.test": ("POST", "/apis/reading-list/test-key", {"environment": "production"}),
    "apis.publish": ("POST", "/apis/reading-list/lifecycle", {"state": "blocked"}),
    "apis.delete": ("DELETE", "/apis/reading-list?force=true", None),
    "applications.write": ("POST", "/applications", {"name": "Mine"}),
    "applications.limit": ("PATCH", "/applications/demo-app", {"allowed_scopes": ["a"]}),
    "applications.block": ("PATCH", "/applications/demo-app", {"blocked": True}),
    "credentials.write": ("POST", "/applications/demo-app/credentials", {"kind": "sandbox"}),
    "tokens.generate": ("POST", "/applications/demo-app/tokens", {}),
    "tokens.revoke": ("POST", "/token-revocations", {"token": "x"}),
    "subscriptions.write": ("DELETE", "/subscriptions/{subscription}", None),
    "subscriptions.block": ("PATCH", "/subscriptions/{subscription}", {"blocked": True}),
    "subscriptions.approve": ("POST", "/subscriptions/{subscription}/approval", None),
    "plans.write": ("POST", "/plans", {"name": "Platinum"}),
    "gateways.read": ("GET", "/gateways", None),
    "audit.read": ("GET", "/audit", None),
    "members.read": ("GET", "/members", None),
    "members.write": ("POST", "/members", {"handle": "x", "name": "x", "role": "auditor"}),
    "logins.own": ("POST", "/access-tokens", {"name": "x"}),
    "settings.read": ("GET", "/plans", None),
    "keys.read": ("GET", "/keys", None),
    "keys.rotate": ("POST", "/keys/rotations", {}),
    "registration.read": ("GET", "/registration", None),
    "registration.write": ("POST", "/registration/tokens", {"name": "x"}),
    "key-managers.read": ("GET", "/key-managers", None),
    "key-managers.write": ("POST", "/key-managers", KEY_MANAGER),
    "credentials.introspect": (
        "PATCH",
        "/applications/demo-app/credentials/production",
        {"introspects_all": True},
    ),
}


@pytest.mark.parametrize("role", ["admin", "publisher", "developer", "consumer", "auditor"])
@pytest.mark.parametrize("action", WRITES)
def test_role_may_exactly_what_the_table_says(installed, admin, role, action):
    things = journey(admin)
    hand_over(installed, things["app"], role)
    client = installed.client(role)
    allowed = action in made(client.get(api("/me")), 200)["actions"]
    method, path, body = WRITES[action]
    path = path.format(subscription=things["subscription"])
    answer = client.request(method, api(path), json=body)
    if allowed:
        assert answer.status_code in (200, 201, 204), answer.text
    else:
        refused(answer, 403, "denied")


def test_consumer_sees_listed_apis_only_and_no_upstream(installed, admin):
    consumer = installed.client("consumer")
    draft = made(admin.post(api("/apis/import"), json={"document": DOCUMENT}))["api"]["id"]
    for reference in (draft, "reading-list", "reading-list:v1.0"):
        refused(consumer.get(api(f"/apis/{reference}")), 404)
    assert made(consumer.get(api("/apis")), 200)["items"] == []
    assert made(consumer.get(api("/apis?state=created")), 200)["items"] == []
    made(admin.post(api(f"/apis/{draft}/deployments"), json={}))
    made(admin.post(api(f"/apis/{draft}/lifecycle"), json={"state": "published"}), 200)
    shown = consumer.get(api("/apis/reading-list"))
    assert made(shown, 200)["upstreams"] == {} and ":9000" not in shown.text
    assert made(consumer.get(api("/status")), 200)["gateways"] == []


def test_import_is_denied_before_anything_is_fetched(installed):
    body = {"url": "http://nowhere.invalid/"}
    refused(installed.client("consumer").post(api("/apis/import"), json=body), 403, "denied")


@pytest.fixture
def browser(installed, admin):
    link = made(admin.post(api("/members/developer/sign-in-links")))
    client = installed.client()
    body = {"code": link["code"], "as": "cookie"}
    answer = client.post(api("/sessions"), json=body, headers={"Sec-Fetch-Site": "same-origin"})
    made(answer)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "secure" not in cookie
    assert answer.json()["token"] is None
    return client


def test_session_cookie_reads(browser):
    assert made(browser.get(api("/me")), 200)["login_kind"] == "session"


@pytest.mark.parametrize(
    "headers, passes",
    [
        pytest.param({"Sec-Fetch-Site": "same-origin"}, True, id="same origin"),
        pytest.param({"Sec-Fetch-Site": "none"}, True, id="typed by the user"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, False, id="other site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, False, id="other port or subdomain"),
        pytest.param({"Origin": "http://127.0.0.1:8000"}, True, id="origin is the host"),
        pytest.param({"Origin": "http://evil.example"}, False, id="origin is another"),
        pytest.param({"Origin": "null"}, False, id="opaque origin"),
        pytest.param({}, False, id="nothing said"),
        pytest.param(
            {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8000"}, False,
            id="cross-site with a good origin",
        ),
    ],
)  # fmt: skip
def test_unsafe_requests_by_cookie_must_come_from_here(browser, headers, passes):
    answer = browser.post(api("/applications"), json={"name": "Mine"}, headers=headers)
    made(answer) if passes else refused(answer, 403, "denied", "Origin")


def test_session_is_no_access_token_and_the_other_way_round(installed, browser):
    session = browser.cookies.get("gw_session", path="/api")
    refused(installed.client(Authorization=f"Bearer {session}").get(api("/me")), 401)
    token = installed.secrets["default", "admin"]
    refused(installed.client(Cookie=f"gw_session={token}").get(api("/me")), 401)


def test_signing_out_ends_the_session(installed, browser):
    session = browser.cookies.get("gw_session", path="/api")
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert browser.delete(api("/sessions/current"), headers=headers).status_code == 204
    refused(installed.client(Cookie=f"gw_session={session}").get(api("/me")), 401)


def test_session_ends_after_half_a_day(installed, browser):
    installed.clock.pass_time(hours=12, minutes=1)
    refused(browser.get(api("/me")), 401)


def test_ended_access_token_and_removed_member_are_refused(installed, admin):
    developer = installed.client("developer")
    made_token = made(developer.post(api("/access-tokens"), json={"name": "second"}))
    second = installed.client(Authorization=f"Bearer {made_token['token']}")
    assert made(second.get(api("/me")), 200)["user"]["handle"] == "developer"
    assert developer.delete(api(f"/access-tokens/{made_token['id']}")).status_code == 204
    refused(second.get(api("/me")), 401)
    assert admin.delete(api("/members/developer")).status_code == 204
    refused(developer.get(api("/me")), 401)


def test_access_token_expires(installed, admin):
    token = made(admin.post(api("/access-tokens"), json={"name": "a", "expires_in_days": 1}))
    client = installed.client(Authorization=f"Bearer {token['token']}")
    made(client.get(api("/me")), 200)
    installed.clock.pass_time(days=1)
    refused(client.get(api("/me")), 401)


def test_time_of_use_is_written_once_an_hour(installed, admin):
    made(admin.get(api("/me")), 200)
    first = made(admin.get(api("/access-tokens")), 200)["items"][0]["last_used_at"]
    installed.clock.pass_time(minutes=30)
    assert made(admin.get(api("/access-tokens")), 200)["items"][0]["last_used_at"] == first
    installed.clock.pass_time(minutes=31)
    assert made(admin.get(api("/access-tokens")), 200)["items"][0]["last_used_at"] > first


def test_every_change_is_audited_and_no_secret_is(installed, admin):
    things = journey(admin)
    secret = things["keys"]["client_secret"]
    path = "/applications/demo-app/credentials/production/secrets"
    second = made(admin.post(api(path), json={"name": "second"}))["client_secret"]
    token = made(admin.post(api("/access-tokens"), json={"name": "mine"}))["token"]
    link = made(admin.post(api("/members/consumer/sign-in-links")))["code"]
    made(admin.post(api("/applications/demo-app/tokens"), json={}), 200)
    made(admin.post(api("/token-revocations"), json={"token": "token-of-x"}), 200)
    answer = admin.get(api("/audit?limit=200"))
    actions = {item["action"] for item in made(answer, 200)["items"]}
    assert actions >= {
        "organizations.create", "apis.create", "apis.deploy", "apis.move", "applications.create",
        "credentials.create", "secrets.create", "subscriptions.create", "logins.create",
        "tokens.generate", "members.sign-in-link",
    }  # fmt: skip
    assert {"owner", "system"} <= {item["actor_name"] for item in answer.json()["items"]}
    for text in (secret, second, token, link, "token-of-x"):
        assert text not in answer.text
        with installed.store.read() as tx:
            rows = [*tx.secrets.find(), *tx.logins.find(), *tx.audit_records.find()]
        assert text not in repr(rows)


def test_errors_do_not_echo_secrets(admin):
    secret = "gws_" + "x" * 43 + "_1234567"
    for body in ({"token": secret, "x": secret}, {"token": [secret]}):
        assert secret not in admin.post(api("/token-revocations"), json=body).text
    sessions = {"code": secret, "as": secret}
    assert secret not in admin.post(api("/sessions"), json=sessions).text
