"""Key managers whose tokens call APIs: presets, descriptions, roles, environments, their keys."""

import json
from dataclasses import replace

import pytest
from tests.crypto.keyholder import Keyholder
from tests.management.installation import api, journey, made, refused
from tests.management.test_key_managers import Web

from gatewright.control.fetch import Fetcher

TENANT = "9b5d8c5e-0000-4000-8000-3f1f6d1f0a11"
ENTRA_V1 = f"https://sts.windows.net/{TENANT}/"
ENTRA_V2 = f"https://login.microsoftonline.com/{TENANT}/v2.0"
ISSUER = "https://id.example.com/realms/main"
AT = f"{ISSUER}/.well-known/openid-configuration"
HOLDER = Keyholder()


@pytest.fixture
def web(installed):
    found = Web({AT: described(), f"{ISSUER}/certs": HOLDER.jwks()})
    installed.app.state.deps = replace(installed.deps, fetcher=found)
    return found


def described(issuer=ISSUER, **members):
    return {
        "issuer": issuer, "jwks_uri": f"{ISSUER}/certs", "token_endpoint": f"{ISSUER}/token",
        "authorization_endpoint": f"{ISSUER}/auth", "end_session_endpoint": f"{ISSUER}/logout",
        "userinfo_endpoint": f"{ISSUER}/me",
    } | members  # fmt: skip


def post(client, **body):
    return client.post(api("/key-managers"), json={"api_access": True} | body)


def key_manager(client, **body):
    return made(post(client, **{"issuer": ISSUER, "handle": "main"} | body))


def test_a_well_known_url_is_all_that_is_needed(admin, web):
    row = made(post(admin, well_known=AT, handle="main", kind="keycloak"))
    assert (row["issuer"], row["jwks_uri"]) == (ISSUER, f"{ISSUER}/certs")
    assert row["endpoints"] == {
        "token_endpoint": f"{ISSUER}/token", "authorization_endpoint": f"{ISSUER}/auth",
        "end_session_endpoint": f"{ISSUER}/logout",
    }  # fmt: skip
    assert (row["client_claim"], row["role_claim"]) == ("azp", "realm_access.roles")
    assert row["key_set"]["keys"] == ["ES256 k1"] and row["key_set"]["failure"] is None
    assert web.asked == [AT, f"{ISSUER}/certs"]


def test_everything_told_can_be_overridden(admin, web):
    web.pages["https://keys.test/jwks"] = HOLDER.jwks()
    row = key_manager(
        admin, well_known=AT, jwks_uri="https://keys.test/jwks", client_claim="client_id",
        scope_claim="scp", role_claim="https://example.com/roles",
        endpoints={"token_endpoint": "https://id.example.com/other?p=policy"},
    )  # fmt: skip
    assert row["jwks_uri"] == "https://keys.test/jwks" and row["scope_claim"] == "scp"
    assert row["endpoints"]["token_endpoint"] == "https://id.example.com/other?p=policy"
    assert row["endpoints"]["authorization_endpoint"] == f"{ISSUER}/auth"
    assert row["role_claim"] == "https://example.com/roles"


@pytest.mark.parametrize(("at", "issuer", "claim"), [
    (f"https://login.microsoftonline.com/{TENANT}/.well-known/openid-configuration", ENTRA_V1,
     "appid"),
    (f"{ENTRA_V2}/.well-known/openid-configuration", ENTRA_V2, "azp"),
])  # fmt: skip
def test_both_versions_of_entra(admin, web, at, issuer, claim):
    web.pages[at] = described(issuer)
    row = made(post(admin, well_known=at, kind="entra", handle="entra"))
    assert (row["issuer"], row["client_claim"], row["scope_claim"]) == (issuer, claim, "scp")


@pytest.mark.parametrize(("page", "field"), [
    pytest.param(described("https://other.test"), "well_known", id="somebody else"),
    pytest.param(described(ENTRA_V1), "well_known", id="Entra's, of another kind"),
    pytest.param(described("https://login.microsoftonline.com/{tenantid}/v2.0"), "well_known",
                 id="any tenant's"),
    pytest.param(described(None), "well_known", id="nobody"),
    pytest.param(described(jwks_uri=7), "well_known", id="no keys"),
    pytest.param(described(token_endpoint="javascript:alert(1)"), "endpoints.token_endpoint",
                 id="an endpoint that is no URL"),
    pytest.param("no json", "well_known", id="no JSON"),
])  # fmt: skip
def test_descriptions_that_are_refused(admin, web, page, field):
    web.pages[AT] = page
    refused(post(admin, well_known=AT), 422, "invalid", field)


def test_a_description_of_any_tenant_is_refused_for_entra_too(admin, web):
    at = "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration"
    web.pages[at] = described("https://login.microsoftonline.com/{tenantid}/v2.0")
    refused(post(admin, well_known=at, kind="entra"), 422, "invalid", "issuer")


def test_an_issuer_elsewhere_is_taken_when_a_person_names_it(admin, web):
    web.pages[AT] = described("https://other.test")
    row = made(post(admin, well_known=AT, issuer="https://other.test"))
    assert row["issuer"] == "https://other.test"


@pytest.mark.parametrize(("body", "field"), [
    ({}, "issuer"),
    ({"issuer": ISSUER, "kind": "wso2"}, "kind"),
    ({"issuer": ISSUER, "handle": "sts"}, "handle"),
    ({"issuer": ISSUER, "client_claim": "a b"}, "client_claim"),
    ({"issuer": ISSUER, "client_claim": "a..b"}, "client_claim"),
    ({"issuer": ISSUER, "client_claim": "a.b.c.d.e.f"}, "client_claim"),
    ({"issuer": ISSUER, "environments": ["moon"]}, "environments"),
    ({"issuer": ISSUER, "endpoints": {"userinfo_endpoint": "https://x.test"}}, "endpoints"),
    ({"issuer": ISSUER, "role_scopes": {"admin": ["nothing:here"]}}, "role_scopes"),
    ({"issuer": ISSUER, "role_scopes": {"": ["books:read"]}}, "role_scopes"),
    ({"issuer": ISSUER, "role_scopes": {" admin": ["books:read"]}}, "role_scopes"),
    ({"issuer": ISSUER, "role_scopes": {"a\nb": ["books:read"]}}, "role_scopes"),
    ({"issuer": ISSUER, "role_scopes": {"admin": []}}, "role_scopes"),
    ({"issuer": ISSUER, "role_claim": "", "role_scopes": {"admin": ["books:read"]}}, "role_claim"),
])  # fmt: skip
def test_wishes_that_are_refused(admin, web, body, field):
    journey(admin)
    status = 404 if field == "environments" else 422
    refused(post(admin, **body), status, field=field)
    assert made(admin.get(api("/key-managers")), 200)["items"] == []


def test_roles_stand_for_scopes_of_either_name(admin, web):
    journey(admin)
    wish = {"HR Manager": ["books:read", "urn:default:reading-list:books:write"]}
    row = key_manager(admin, role_scopes=wish)
    assert row["role_scopes"] == wish
    cleared = admin.patch(api("/key-managers/main"), json={"role_scopes": {}, "role_claim": ""})
    assert made(cleared, 200)["role_scopes"] == {}


def test_another_organization_s_scopes_are_none_here(installed, admin, web):
    journey(installed.client("admin", "other"))
    body = {"issuer": ISSUER, "role_scopes": {"admin": ["books:read"]}}
    refused(post(admin, **body), 422, "invalid", "role_scopes")


def test_environments_are_named_by_handle_and_kept_by_id(installed, admin, web):
    row = key_manager(admin, environments=["production"])
    assert row["environments"] == ["production"]
    with installed.store.read() as tx:
        (stored,) = tx.key_managers.find(handle="main")
    assert all(id.startswith("env_") for id in stored.environments)
    everywhere = admin.patch(api("/key-managers/main"), json={"environments": []})
    assert made(everywhere, 200)["environments"] == []


def test_two_organizations_trust_one_issuer(installed, admin, web):
    first = key_manager(admin)
    second = key_manager(installed.client("admin", "other"))
    assert first["issuer"] == second["issuer"] and first["id"] != second["id"]
    refused(post(admin, issuer=ISSUER, handle="again"), 409, "conflict", "issuer")


def test_without_keys_it_is_not_made(admin, web):
    del web.pages[f"{ISSUER}/certs"]
    refused(post(admin, issuer=ISSUER), 422, "invalid", "jwks_uri")
    assert made(admin.get(api("/key-managers")), 200)["items"] == []
    later = made(post(admin, issuer=ISSUER, enabled=False, handle="main"))
    assert later["key_set"] is None
    on = made(admin.patch(api("/key-managers/main"), json={"enabled": True}), 200)
    assert on["key_set"]["failure"] and on["key_set"]["keys"] == []


def test_switched_off_without_asking_the_issuer(admin, web):
    key_manager(admin)
    web.pages.clear()
    web.asked.clear()
    off = made(admin.patch(api("/key-managers/main"), json={"enabled": False}), 200)
    assert not off["enabled"] and web.asked == []
    assert off["key_set"]["keys"] == ["ES256 k1"]
    on = made(admin.patch(api("/key-managers/main"), json={"enabled": True}), 200)
    assert on["key_set"]["keys"] == ["ES256 k1"] and on["key_set"]["failure"]


def test_refreshed_when_a_person_asks(admin, web):
    key_manager(admin)
    web.pages[f"{ISSUER}/certs"] = HOLDER.jwks(Keyholder(kid="k2"))
    row = made(admin.post(api("/key-managers/main/refresh")), 200)
    assert row["key_set"]["keys"] == ["ES256 k1", "ES256 k2"]
    web.pages.clear()
    row = made(admin.post(api("/key-managers/main/refresh")), 200)
    assert "404" in row["key_set"]["failure"] and len(row["key_set"]["keys"]) == 2


def test_a_refresh_is_for_what_is_read(installed, admin, web):
    key_manager(admin, api_access=False, token_exchange=True)
    refused(admin.post(api("/key-managers/main/refresh")), 409, "conflict")
    refused(installed.client("publisher").post(api("/key-managers/main/refresh")), 403)


def test_another_address_has_to_have_keys(admin, web):
    key_manager(admin)
    wish = {"jwks_uri": "https://wrong.test/jwks"}
    refused(admin.patch(api("/key-managers/main"), json=wish), 422, "invalid", "jwks_uri")
    web.pages[wish["jwks_uri"]] = Keyholder(kid="new").jwks()
    row = made(admin.patch(api("/key-managers/main"), json=wish), 200)
    assert row["key_set"]["keys"] == ["ES256 new"]


def test_keys_that_are_given_are_kept_in_one_form(installed, admin, web):
    key_manager(admin)
    given = json.loads(Keyholder("RS256", "mine").jwks(x5t="x"))
    row = made(admin.patch(api("/key-managers/main"), json={"jwks": given}), 200)
    (key,) = json.loads(row["jwks"])["keys"]
    assert key["alg"] == "RS256" and "x5t" not in key
    assert row["key_set"] is None
    with installed.store.read() as tx:
        assert tx.fetched_key_sets.find() == []


def test_removed_with_its_links_when_that_is_said(installed, admin, web):
    key_manager(admin)
    app = journey(admin)["app"]
    body = {"key_manager": "main", "client_id": "0oa1"}
    made(admin.post(api(f"/applications/{app}/external-clients"), json=body))
    refused(admin.delete(api("/key-managers/main")), 409, "conflict", "key_manager")
    assert admin.delete(api("/key-managers/main?unlink=true")).status_code == 204
    with installed.store.read() as tx:
        assert tx.external_clients.find() == [] and tx.fetched_key_sets.find() == []


def test_a_repeated_create_answers_the_same(admin, web):
    headers = {"Idempotency-Key": "once"}
    body = {"issuer": ISSUER, "handle": "main", "api_access": True}
    first = made(admin.post(api("/key-managers"), json=body, headers=headers))
    assert made(admin.post(api("/key-managers"), json=body, headers=headers)) == first


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254", "::ffff:169.254.169.254",
])  # fmt: skip
@pytest.mark.parametrize("body", [
    {"well_known": AT}, {"issuer": ISSUER}, {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/certs"},
], ids=["well-known", "issuer", "keys"])  # fmt: skip
def test_nothing_is_read_inside(installed, admin, address, body):
    """By name, whatever the name means: descriptions and keys go through the guard of imports."""
    guarded = Fetcher(installed.world, allow_private=False, resolve=lambda *_: [address])
    installed.app.state.deps = replace(installed.deps, key_fetcher=guarded)
    told = refused(post(admin, **body), 422, "invalid")
    assert "is not a public address" in told["detail"]
    assert made(admin.get(api("/key-managers")), 200)["items"] == []
