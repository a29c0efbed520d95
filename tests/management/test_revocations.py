"""Revocations of many tokens: what is written, and when the answer says that it is done."""

from datetime import timedelta

import pytest
from tests.management.installation import api, journey, made, refused

from gatewright.control import desk as desks
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Unavailable
from gatewright.domain.observed import GatewayNode
from gatewright.store import applied


@pytest.fixture
def app(admin):
    return journey(admin)["app"]


@pytest.fixture
def late(installed, monkeypatch):
    """A connected gateway that gets nothing."""
    monkeypatch.setattr(applied.Applied.__init__, "__defaults__", (0.02, applied.time.monotonic))
    with installed.store.write() as tx:
        places = frozenset(item.id for item in tx.environments.find())
        tx.gateway_nodes.add(
            GatewayNode("node-1", places, True, installed.clock.now, "1.40.0", 1, "")
        )


def rows(installed, noun="revoked_tokens"):
    with installed.store.read() as tx:
        return getattr(tx, noun).find()


def keys(installed):
    return {item.kind: item for item in rows(installed, "credentials")}


def test_every_token_of_an_application_ends(installed, admin, app):
    made(admin.post(api(f"/applications/{app}/credentials"), json={"kind": "sandbox"}))
    before = keys(installed)
    told = admin.post(api(f"/applications/{app}/revoke-tokens"), json={})
    assert made(told, 200) == {
        "application": "demo-app", "kinds": ["production", "sandbox"], "live": True
    }  # fmt: skip
    assert "gatewright-sequence" in told.headers
    for row in rows(installed):
        assert row.id == before[row.kind].subject_key
        assert timedelta(seconds=86_300) < row.expires_at - installed.clock.now
        assert keys(installed)[row.kind].generation == before[row.kind].generation + 1
    assert {row.kind for row in rows(installed)} == set(Kind)
    actions = [item.action for item in rows(installed, "audit_records")]
    assert actions.count("credentials.revoke-tokens") == 2
    assert actions.count("applications.revoke-tokens") == 1


def test_one_kind_alone(installed, admin, app):
    made(admin.post(api(f"/applications/{app}/credentials"), json={"kind": "sandbox"}))
    told = admin.post(api(f"/applications/{app}/revoke-tokens"), json={"kind": "sandbox"})
    assert made(told, 200)["kinds"] == ["sandbox"]
    assert [row.kind for row in rows(installed)] == [Kind.SANDBOX]


def test_an_application_without_keys_has_no_tokens(admin):
    app = made(admin.post(api("/applications"), json={"name": "Empty"}))["id"]
    refused(admin.post(api(f"/applications/{app}/revoke-tokens")), 404)


@pytest.mark.parametrize(("role", "status"), [("publisher", 200), ("consumer", 404)])
def test_who_may(installed, app, role, status):
    told = installed.client(role).post(api(f"/applications/{app}/revoke-tokens"))
    assert told.status_code == status


def test_the_credentials_own_revocation_ends_the_subject_too(installed, admin, app):
    subject = keys(installed)[Kind.PRODUCTION].subject_key
    path = api(f"/applications/{app}/credentials/production/revoke-tokens")
    assert made(admin.post(path), 200)["generation"] == 2
    assert [row.id for row in rows(installed)] == [subject]


def test_deleting_an_application_ends_its_tokens_as_revoked(installed, admin, app):
    subject = keys(installed)[Kind.PRODUCTION].subject_key
    assert admin.delete(api(f"/applications/{app}")).status_code == 204
    assert [row.id for row in rows(installed)] == [subject]


def test_blocking_revokes_nothing(installed, admin, app):
    made(admin.patch(api(f"/applications/{app}"), json={"blocked": True}), 200)
    assert rows(installed) == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/applications/{}/revoke-tokens", {}, id="application"),
        pytest.param("/applications/{}/credentials/production/revoke-tokens", None, id="keys"),
        pytest.param("/token-revocations", {"token": "token-of-x"}, id="token"),
    ],
)
def test_a_gateway_that_is_late_is_told(installed, admin, app, late, path, body):
    told = admin.post(api(path.format(app)), json=body)
    assert told.status_code == 202, told.text
    assert told.json().get("live", False) is False
    sequence = told.headers["gatewright-sequence"]
    live = made(admin.get(api(f"/live?sequence={sequence}")), 200)
    assert live["live"] is False


def test_without_its_audit_record_nothing_is_revoked(installed, admin, app, monkeypatch):
    def fails(*_):
        raise Unavailable("the disk is full")

    monkeypatch.setattr(desks, "record_as", fails)
    told = admin.post(api(f"/applications/{app}/revoke-tokens"), json={})
    assert told.status_code == 503
    assert rows(installed) == []
    assert keys(installed)[Kind.PRODUCTION].generation == 1
