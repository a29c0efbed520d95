"""Clients of key managers, linked to applications: whose they are, and who may take them away."""

import pytest
from tests.management.installation import api, hand_over, journey, made, refused
from tests.management.test_key_manager_access import ISSUER, key_manager, web

from gatewright.domain.key_manager import EXTERNAL_CLIENTS_MAX

__all__ = ["web"]
CLIENT = "0oa4x1-abc"


@pytest.fixture
def app(installed, admin, web):
    key_manager(admin)
    app = journey(admin)["app"]
    hand_over(installed, app, "consumer")
    return app


def link(client, app, client_id=CLIENT, key_manager="main"):
    body = {"key_manager": key_manager, "client_id": client_id}
    return client.post(api(f"/applications/{app}/external-clients"), json=body)


def links(client, app):
    return made(client.get(api(f"/applications/{app}/external-clients")), 200)["items"]


def unlink(client, app, name):
    return client.delete(api(f"/applications/{app}/external-clients/{name}"))


def test_a_consumer_links_its_own_application(installed, app):
    consumer = installed.client("consumer")
    row = made(link(consumer, app))
    assert (row["key_manager"], row["client_id"], row["issuer"]) == ("main", CLIENT, ISSUER)
    assert links(consumer, app) == [row] and row["enabled"]
    assert unlink(consumer, app, CLIENT).status_code == 204
    assert links(consumer, app) == []
    with installed.store.read() as tx:
        told = [row for row in tx.audit_records.find() if row.action.startswith("external-clients")]
    assert [row.action for row in told] == ["external-clients.link", "external-clients.unlink"]
    assert told[0].detail["client_id"] == CLIENT and told[0].detail["key_manager"] == "main"


@pytest.mark.parametrize(("role", "status"), [
    ("admin", 201), ("publisher", 201), ("developer", 201), ("consumer", 201), ("auditor", 403),
])  # fmt: skip
def test_who_may_link(installed, app, role, status):
    hand_over(installed, app, role)
    assert link(installed.client(role), app).status_code == status


def test_only_own_applications(installed, admin, app):
    hand_over(installed, app, "admin")
    consumer = installed.client("consumer")
    refused(link(consumer, app), 404)
    refused(consumer.get(api(f"/applications/{app}/external-clients")), 404)
    refused(unlink(consumer, app, CLIENT), 404)


def test_a_client_acts_for_one_application(installed, admin, app):
    """Whoever links it first has it; the answer does not tell who that is."""
    made(link(admin, app))
    refused(link(admin, app), 409, "conflict", "client_id")
    other = made(admin.post(api("/applications"), json={"name": "Other"}))["id"]
    hand_over(installed, other, "consumer")
    problem = refused(link(installed.client("consumer"), other), 409, "conflict", "client_id")
    assert "demo" not in str(problem).lower() and app not in str(problem)
    for role in ("publisher", "admin"):
        assert unlink(installed.client(role), app, CLIENT).status_code == 204
        made(link(admin, app))


def test_two_key_managers_may_have_clients_of_one_name(admin, web, app):
    other = "https://id.example.com/realms/other"
    web.pages[f"{ISSUER}/certs2"] = web.pages[f"{ISSUER}/certs"]
    key_manager(admin, issuer=other, handle="other", jwks_uri=f"{ISSUER}/certs2")
    first, second = made(link(admin, app)), made(link(admin, app, key_manager=other))
    refused(unlink(admin, app, CLIENT), 409, "conflict", "client")
    assert unlink(admin, app, first["id"]).status_code == 204
    assert links(admin, app) == [second]


@pytest.mark.parametrize("client_id", [
    "", " ", " a", "a ", "a\nb", "a\x00b", "é", "a\x7f", "x" * 256,
])  # fmt: skip
def test_client_ids_that_are_none(admin, app, client_id):
    refused(link(admin, app, client_id), 422, "invalid")


@pytest.mark.parametrize("client_id", ["a", "a|b", "https://client.example/x", "a b", "~" * 255])
def test_client_ids_that_are_some(admin, app, client_id):
    assert made(link(admin, app, client_id))["client_id"] == client_id


def test_there_is_a_bound(admin, app):
    for number in range(EXTERNAL_CLIENTS_MAX):
        made(link(admin, app, f"client-{number}"))
    refused(link(admin, app, "one-more"), 409, "conflict", "client_id")


@pytest.mark.parametrize("change", [{"enabled": False}, {"api_access": False}])
def test_key_managers_that_open_no_api_are_not_to_be_had(installed, admin, app, change):
    consumer = installed.client("consumer")
    offered = made(consumer.get(api("/linkable-key-managers")), 200)["items"]
    assert [item["handle"] for item in offered] == ["main"]
    assert offered[0]["endpoints"]["token_endpoint"] == f"{ISSUER}/token"
    row = made(link(admin, app))
    made(admin.patch(api("/key-managers/main"), json=change), 200)
    assert made(consumer.get(api("/linkable-key-managers")), 200)["items"] == []
    refused(link(admin, app, "another"), 404, field="key_manager")
    assert links(admin, app) == [row | {"enabled": False}]


def test_consumers_see_no_more_of_a_key_manager(installed, app):
    consumer = installed.client("consumer")
    refused(consumer.get(api("/key-managers")), 403)
    (item,) = made(consumer.get(api("/linkable-key-managers")), 200)["items"]
    assert set(item) == {"handle", "name", "kind", "issuer", "environments", "endpoints"}


def test_another_organization_s_key_manager_is_not_there(installed, app):
    stranger = installed.client("admin", "other")
    own = made(stranger.post(api("/applications"), json={"name": "Own"}))["id"]
    refused(link(stranger, own), 404, field="key_manager")
    refused(link(stranger, app), 404, field="application")


def test_links_go_with_their_application(installed, admin, app):
    made(link(admin, app))
    assert admin.delete(api(f"/applications/{app}")).status_code == 204
    with installed.store.read() as tx:
        assert tx.external_clients.find() == []
