"""Dynamic client registration through the management API: who lets clients register, and how."""

import pytest
from tests.management.installation import api, journey, made, refused

from gatewright.crypto.secrets import looks_generated

TOKENS = "/registration/tokens"


def test_it_is_off_until_an_administrator_turns_it_on(installed, admin):
    before = made(admin.get(api("/registration")), 200)
    assert before["enabled"] is False
    assert before["endpoints"]["sandbox"].endswith("/sts/default/sandbox/register")
    assert made(admin.patch(api("/registration"), json={"enabled": True}), 200)["enabled"] is True
    assert made(admin.get(api("/registration")), 200)["enabled"] is True
    actions = [item["action"] for item in made(admin.get(api("/audit")), 200)["items"]]
    assert "registration.edit" in actions


def test_a_token_is_shown_once_and_kept_as_a_hash(installed, admin):
    token = made(admin.post(api(TOKENS), json={"name": "ci"}))
    assert token["token"].startswith("gwi_")
    assert looks_generated(token["token"])
    assert (token["kind"], token["uses_left"], token["usable"]) == ("production", 1, True)
    [listed] = made(admin.get(api(TOKENS)), 200)["items"]
    assert listed == token | {"token": None}
    assert token["hint"] in token["token"][:7] + "…" + token["token"][-4:]
    audit = admin.get(api("/audit")).text
    assert token["token"] not in audit
    with installed.store.read() as tx:
        assert token["token"] not in repr(tx.initial_access_tokens.find())


def test_a_token_without_end(admin):
    token = made(admin.post(api(TOKENS), json={"name": "x", "uses": None, "expires_in_days": None}))
    assert (token["uses_left"], token["expires_at"]) == (None, None)


def test_an_expired_token_is_shown_as_unusable(installed, admin):
    made(admin.post(api(TOKENS), json={"name": "x", "expires_in_days": 1}))
    installed.clock.pass_time(days=1)
    assert made(admin.get(api(TOKENS)), 200)["items"][0]["usable"] is False


def test_a_token_is_revoked(admin):
    token = made(admin.post(api(TOKENS), json={"name": "x"}))
    made(admin.delete(api(f"{TOKENS}/{token['id']}")), 204)
    assert made(admin.get(api(TOKENS)), 200)["items"] == []
    refused(admin.delete(api(f"{TOKENS}/{token['id']}")), 404, field="token")


def test_tokens_have_a_bound(admin, monkeypatch):
    from gatewright.control import initial_tokens

    monkeypatch.setattr(initial_tokens, "TOKENS_MAX", 1)
    made(admin.post(api(TOKENS), json={"name": "x"}))
    refused(admin.post(api(TOKENS), json={"name": "y"}), 409, field="tokens")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"name": " "}, "name", id="no-name"),
        pytest.param({"name": "x", "uses": 0}, "uses", id="no-use"),
        pytest.param({"name": "x", "kind": "staging"}, "kind", id="no-kind"),
        pytest.param({"name": "x", "expires_in_days": 0}, "expires_in_days", id="no-time"),
    ],
)
def test_a_token_that_can_not_be(admin, body, field):
    refused(admin.post(api(TOKENS), json=body), 422, field=field)


@pytest.mark.parametrize("role", ["publisher", "developer", "consumer", "auditor"])
def test_only_administrators_decide(installed, admin, role):
    token = made(admin.post(api(TOKENS), json={"name": "x"}))
    client = installed.client(role)
    refused(client.patch(api("/registration"), json={"enabled": True}), 403, "denied")
    refused(client.post(api(TOKENS), json={"name": "x"}), 403, "denied")
    refused(client.delete(api(f"{TOKENS}/{token['id']}")), 403, "denied")
    for path in ("/registration", TOKENS, "/registration/clients"):
        answer = client.get(api(path))
        assert answer.status_code == (200 if role == "auditor" else 403)


def test_registered_clients_are_listed(installed, admin):
    from tests.management.installation import ADDRESSES

    from gatewright.control.registrations import Place, Registrar
    from gatewright.domain.environment import Kind

    made(admin.patch(api("/registration"), json={"enabled": True}), 200)
    token = made(admin.post(api(TOKENS), json={"name": "x"}))["token"]
    registrar = Registrar(
        installed.store, installed.world, installed.keyring, ADDRESSES,
        ("client_secret_basic",), ("client_credentials",),
    )  # fmt: skip
    with installed.store.read() as tx:
        [home] = tx.organizations.find(handle="default")
    told = registrar.register(
        Place(home.id, Kind.PRODUCTION), token, b'{"client_name":"<b>Ci</b>"}'
    )
    [listed] = made(admin.get(api("/registration/clients")), 200)["items"]
    assert listed["client_id"] == told["client_id"]
    assert listed["metadata"]["client_name"] == "<b>Ci</b>"
    application = made(admin.get(api(f"/applications/{listed['application_id']}")), 200)
    assert application["name"] == "<b>Ci</b>"
    made(admin.delete(api(f"/applications/{application['id']}")), 204)
    assert made(admin.get(api("/registration/clients")), 200)["items"] == []


def test_bound_tokens_are_demanded_of_a_client(installed, admin):
    journey(admin)
    path = api("/applications/demo-app/credentials/production")
    body = {"dpop_bound_access_tokens": True, "tls_client_certificate_bound_access_tokens": True}
    found = made(admin.patch(path, json=body), 200)
    assert found["dpop_bound_access_tokens"] is True
    assert found["tls_client_certificate_bound_access_tokens"] is True
    found = made(admin.patch(path, json={"dpop_bound_access_tokens": False}), 200)
    assert found["dpop_bound_access_tokens"] is False
    assert found["tls_client_certificate_bound_access_tokens"] is True
