"""Key managers over the wire, and the bounds of token lifetimes."""

import json
from dataclasses import replace

import pytest
from tests.crypto.keyholder import Keyholder
from tests.management.installation import ADDRESSES, api, journey, made, refused

from gatewright.control.fetch import Fetched
from gatewright.domain.errors import Invalid

ISSUER = "https://login.example.com/realms/main"
KEYS = {"jwks_uri": f"{ISSUER}/jwks"}


def key_manager(client, **wish):
    body = {"issuer": ISSUER, "name": "Main realm", "token_exchange": True} | KEYS | wish
    body = {name: value for name, value in body.items() if value is not None}
    return made(client.post(api("/key-managers"), json=body))


class Web:
    """Pages by address; everything else can not be read."""

    def __init__(self, pages):
        self.pages, self.asked = pages, []

    def read(self, url):
        self.asked.append(url)
        if url not in self.pages:
            raise Invalid("answers 404.", "url", "Give another.")
        page = self.pages[url]
        return Fetched(page if isinstance(page, str) else json.dumps(page), url)


@pytest.fixture
def web(installed):
    found = Web({})
    installed.app.state.deps = replace(installed.deps, fetcher=found)
    return found


def test_made_shown_changed_and_removed(installed, admin):
    row = key_manager(admin, audiences=["gatewright"], scope_claim="scp")
    assert row["handle"] == "main-realm" and row["enabled"] and not row["jwt_bearer"]
    assert (row["audiences"], row["client_claim"], row["scope_claim"]) == (
        ["gatewright"], "azp", "scp",
    )  # fmt: skip
    assert made(admin.get(api("/key-managers")), 200)["items"] == [row]
    for name in (row["id"], row["handle"]):
        assert made(admin.get(api(f"/key-managers/{name}")), 200) == row
    changed = admin.patch(api("/key-managers/main-realm"), json={"enabled": False})
    assert made(changed, 200) == row | {"enabled": False, "revision": 2}
    stale = admin.patch(api("/key-managers/main-realm"), json={"enabled": True},
                        headers={"If-Match": '"1"'})  # fmt: skip
    refused(stale, 412, "stale")
    assert admin.delete(api("/key-managers/main-realm")).status_code == 204
    refused(admin.get(api("/key-managers/main-realm")), 404)
    with installed.store.read() as tx:
        records = [row for row in tx.audit_records.find() if row.action.startswith("key-managers")]
    assert [row.action for row in records] == [
        "key-managers.create", "key-managers.edit", "key-managers.delete",
    ]  # fmt: skip
    assert records[0].detail["issuer"] == ISSUER and records[1].detail["enabled"] == "False"


def test_the_audit_tells_other_keys_and_claims_apart(admin):
    key_manager(admin)
    for wish in ({"jwks": json.loads(Keyholder().jwks())}, {"jwks": json.loads(Keyholder().jwks())},
                 {"scope_claim": "scp"}):  # fmt: skip
        made(admin.patch(api("/key-managers/main-realm"), json=wish), 200)
    items = made(admin.get(api("/audit")), 200)["items"]
    told = [item["detail"] for item in items if item["action"] == "key-managers.edit"]
    assert len(told) == 3 and len({detail["jwks_digest"] for detail in told}) == 2
    assert sorted(detail["scope_claim"] for detail in told) == ["scope", "scope", "scp"]


def test_keys_of_its_own_replace_the_address(admin):
    row = key_manager(admin)
    key_set = json.loads(Keyholder().jwks())
    changed = made(admin.patch(api(f"/key-managers/{row['id']}"), json={"jwks": key_set}), 200)
    assert json.loads(changed["jwks"]) == key_set and changed["jwks_uri"] is None
    back = made(admin.patch(api(f"/key-managers/{row['id']}"), json=KEYS), 200)
    assert back["jwks"] is None and back["jwks_uri"] == KEYS["jwks_uri"]


def test_nothing_changes_without_a_change(admin):
    row = key_manager(admin)
    assert made(admin.patch(api(f"/key-managers/{row['id']}"), json={}), 200) == row


def test_the_issuer_tells_where_its_keys_are(admin, web):
    at = f"{ISSUER}/.well-known/openid-configuration"
    web.pages[at] = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/certs"}
    assert key_manager(admin, jwks_uri=None)["jwks_uri"] == f"{ISSUER}/certs"
    assert web.asked == [at]


def test_an_issuer_with_a_slash_at_its_end(admin, web):
    at, issuer = f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/"
    web.pages[at] = {"issuer": issuer, "jwks_uri": f"{ISSUER}/certs"}
    assert key_manager(admin, issuer=issuer, jwks_uri=None)["issuer"] == issuer


@pytest.mark.parametrize("page", [
    pytest.param(None, id="nothing there"),
    pytest.param("no json", id="no JSON"),
    pytest.param("[" * 100_000, id="a nest of lists"),
    pytest.param([], id="a list"),
    pytest.param({"jwks_uri": "https://x.test/"}, id="no issuer"),
    pytest.param({"issuer": f"{ISSUER}/", "jwks_uri": "https://x.test/"}, id="a slash more"),
    pytest.param({"issuer": "https://other.test", "jwks_uri": "https://x.test/"}, id="another"),
    pytest.param({"issuer": ISSUER}, id="no jwks_uri"),
    pytest.param({"issuer": ISSUER, "jwks_uri": 7}, id="jwks_uri is a number"),
])  # fmt: skip
def test_a_description_that_does_not_hold(admin, web, page):
    if page is not None:
        web.pages[f"{ISSUER}/.well-known/openid-configuration"] = page
    refused(admin.post(api("/key-managers"), json={"issuer": ISSUER}), 422, "invalid", "issuer")


def test_a_described_jwks_uri_is_checked(admin, web):
    at = f"{ISSUER}/.well-known/openid-configuration"
    web.pages[at] = {"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"}
    answer = admin.post(api("/key-managers"), json={"issuer": ISSUER})
    refused(answer, 422, "invalid", "jwks_uri")


def test_nothing_is_fetched_for_who_may_not(installed, web):
    refused(installed.client("publisher").post(api("/key-managers"), json={"issuer": ISSUER}), 403)
    assert web.asked == []


PRIVATE = Keyholder().jwk() | {"d": "AAAA"}
KEY_SET = {"keys": [Keyholder().jwk()]}


@pytest.mark.parametrize(("body", "status", "field"), [
    ({"issuer": "login.example.com"}, 422, "issuer"),
    ({"issuer": "ftp://x.test"}, 422, "issuer"),
    ({"issuer": "https://"}, 422, "issuer"),
    ({"issuer": "https://x.test/?a=b"}, 422, "issuer"),
    ({"issuer": "https://x.test/#a"}, 422, "issuer"),
    ({"issuer": "https://user@x.test/"}, 422, "issuer"),
    ({"issuer": "https://x.test/ y"}, 422, "issuer"),
    ({"issuer": "https://x.test/\n"}, 422, "issuer"),
    ({"issuer": "https://[x"}, 422, "issuer"),
    ({"issuer": f"{ADDRESSES.sts}/sts/default/sandbox"}, 422, "issuer"),
    ({"issuer": ADDRESSES.sts}, 422, "issuer"),
    ({"issuer": ISSUER}, 409, "issuer"),
    ({"handle": "main-realm"}, 409, "handle"),
    ({"handle": "Bad!"}, 422, "handle"),
    ({"name": " "}, 422, "name"),
    ({"jwks_uri": "file:///etc/passwd"}, 422, "jwks_uri"),
    ({"jwks_uri": "https://x.test/#a"}, 422, "jwks_uri"),
    ({"jwks": KEY_SET}, 422, "jwks"),
    ({"jwks_uri": None, "jwks": {"keys": []}}, 422, "jwks"),
    ({"jwks_uri": None, "jwks": {"keys": [PRIVATE]}}, 422, "jwks"),
    ({"jwks_uri": None, "jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, 422, "jwks"),
    ({"audiences": [" "]}, 422, "audiences"),
    ({"audiences": [""]}, 422, "audiences"),
    ({"audiences": [f"a{n}" for n in range(51)]}, 422, "audiences"),
    ({"client_claim": "a b"}, 422, "client_claim"),
    ({"scope_claim": ""}, 422, "scope_claim"),
    ({"unknown": 1}, 422, "unknown"),
])  # fmt: skip
def test_refused(admin, body, status, field):
    key_manager(admin)
    wish = {"issuer": "https://new.test", "name": "New"} | KEYS | body
    wish = {name: value for name, value in wish.items() if value is not None}
    refused(admin.post(api("/key-managers"), json=wish), status, field=field)


def test_the_number_is_bounded(installed, admin):
    row = key_manager(admin)
    with installed.store.write() as tx:
        first = tx.key_managers.get(row["id"])
        for number in range(99):
            tx.key_managers.add(replace(first, id=f"km_{number}", handle=f"h{number}",
                                        issuer=f"https://{number}.test"))  # fmt: skip
    body = {"issuer": "https://new.test", "name": "New"} | KEYS
    refused(admin.post(api("/key-managers"), json=body), 409, "conflict")


# Bounds of token lifetimes


def test_bounds_hold_for_credentials(admin):
    things = journey(admin)
    keys = api(f"/applications/{things['app']}/credentials")
    bounds = {"token_ttl_seconds_min": 300, "token_ttl_seconds_max": 600}
    shown = made(admin.patch(api("/organization"), json=bounds), 200)
    assert {name: shown[name] for name in bounds} == bounds
    for seconds in (299, 601):
        answer = admin.patch(f"{keys}/production", json={"token_ttl_seconds": seconds})
        refused(answer, 422, "invalid", "token_ttl_seconds")
        body = {"kind": "sandbox", "token_ttl_seconds": seconds}
        refused(admin.post(keys, json=body), 422, "invalid", "token_ttl_seconds")
    changed = made(admin.patch(f"{keys}/production", json={"token_ttl_seconds": 600}), 200)
    assert changed["token_ttl_seconds"] == 600
    assert made(admin.post(keys, json={"kind": "sandbox"}))["token_ttl_seconds"] == 600


@pytest.mark.parametrize(("bounds", "field"), [
    ({"token_ttl_seconds_min": 59}, "token_ttl_seconds_min"),
    ({"token_ttl_seconds_max": 86_401}, "token_ttl_seconds_max"),
    ({"token_ttl_seconds_max": 0}, "token_ttl_seconds_max"),
    ({"token_ttl_seconds_min": 900, "token_ttl_seconds_max": 600}, "token_ttl_seconds_min"),
])  # fmt: skip
def test_bounds_that_make_no_sense(admin, bounds, field):
    refused(admin.patch(api("/organization"), json=bounds), 422, "invalid", field)


def test_only_an_administrator_lets_a_client_introspect_all(installed, admin):
    things = journey(admin)
    path = api(f"/applications/{things['app']}/credentials/production")
    publisher = installed.client("publisher")
    refused(publisher.patch(path, json={"introspects_all": True}), 403, "denied")
    assert made(admin.patch(path, json={"introspects_all": True}), 200)["introspects_all"]
    assert made(publisher.patch(path, json={"token_ttl_seconds": 60}), 200)["introspects_all"]
    refused(publisher.patch(path, json={"introspects_all": False}), 403, "denied")
