"""Signing keys on the wire: listed, announced, hurried, all removed; and never a private half."""

from datetime import timedelta

import pytest
from tests.management.installation import api, made, refused

from gatewright.control import keys as control_keys
from gatewright.domain.environment import Kind
from gatewright.domain.token import KEY_GRACE
from gatewright.sts.keys import ensure


@pytest.fixture
def keyed(installed):
    """Both organizations have their first keys."""
    with installed.store.write() as tx:
        for organization in tx.organizations.find():
            ensure(tx, installed.world, installed.deps.key_desk._backends, organization)
    return installed


def listed(client):
    return made(client.get(api("/keys")), 200)["items"]


def states(client):
    return sorted((item["kind"], item["state"]) for item in listed(client))


def audited(installed, organization="default"):
    with installed.store.read() as tx:
        (row,) = tx.organizations.find(handle=organization)
        (owner,) = tx.users.find(organization_id=row.id, handle="owner")
        found = tx.audit_records.find(organization_id=row.id)
    return [item.action for item in found if item.actor == owner.id and "logins" not in item.action]


def test_the_list_has_public_halves_only(keyed, admin):
    assert states(admin) == [("production", "active"), ("sandbox", "active")]
    for item in listed(admin):
        assert item["public_jwk"]["kid"] == item["id"] and item["backend"] == "sealed"
        assert not {"d", "p", "q"} & item["public_jwk"].keys()
        assert not [name for name in item if "private" in name or "sealed" in name]


def test_announced_first_and_hurried_later(keyed, admin):
    first = made(admin.post(api("/keys/rotations"), json={"kind": "production"}))["keys"]
    assert [item["state"] for item in first] == ["announced"]
    assert states(admin) == [
        ("production", "active"), ("production", "announced"), ("sandbox", "active"),
    ]  # fmt: skip
    hurried = made(admin.post(api("/keys/rotations"), json={"now": True}))["keys"]
    assert {item["id"] for item in hurried} > {item["id"] for item in first}
    assert hurried[0]["activates_at"] < first[0]["activates_at"] or (
        hurried[1]["activates_at"] < first[0]["activates_at"]
    )
    assert keyed.hurries == 2
    assert sorted(audited(keyed)) == ["keys.announce", "keys.announce", "keys.hurry"]


def test_a_repetition_announces_once(keyed, admin):
    headers = {"Idempotency-Key": "k" * 20}
    body = {"kind": "sandbox", "emergency": True}
    one = admin.post(api("/keys/rotations"), json=body, headers=headers)
    two = admin.post(api("/keys/rotations"), json=body, headers=headers)
    assert made(one) == made(two)
    assert audited(keyed).count("keys.remove") == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/keys/rotations", {"emergency": True}, id="emergency"),
        pytest.param("/organization/revoke-tokens", {}, id="every-token"),
    ],
)
def test_an_emergency_leaves_the_new_keys_only(keyed, admin, path, body):
    before = {item["id"] for item in listed(admin)}
    other = listed(keyed.client("admin", "other"))
    new = {item["id"] for item in made(admin.post(api(path), json=body))["keys"]}
    assert {item["id"] for item in listed(admin)} == new and not before & new
    assert states(admin) == [("production", "announced"), ("sandbox", "announced")]
    assert listed(keyed.client("admin", "other")) == other, "another organization's keys stay"
    assert sorted(audited(keyed)) == sorted(
        ["tokens.revoke-everything", *["keys.remove"] * 2, *["keys.announce"] * 2]
    )


@pytest.mark.parametrize("role", ["publisher", "developer", "consumer", "auditor"])
def test_only_administrators_replace_keys(keyed, role):
    client = keyed.client(role)
    for path in ("/keys/rotations", "/organization/revoke-tokens"):
        refused(client.post(api(path), json={}), 403, "denied")
    if role != "auditor":
        refused(client.get(api("/keys")), 403, "denied")
    assert keyed.hurries == 0


def test_the_number_of_published_keys_is_bounded(keyed, admin, monkeypatch):
    monkeypatch.setattr(control_keys, "PUBLISHED_MAX", 1)
    refused(admin.post(api("/keys/rotations"), json={"now": True}), 409, "conflict", "kind")
    body = {"signing_algorithm": "EdDSA"}
    refused(admin.patch(api("/organization"), json=body), 409, "conflict", "signing_algorithm")
    made(admin.post(api("/keys/rotations"), json={"emergency": True}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key_rotation_days", -1),
        ("key_rotation_days", 3651),
        ("key_announcement_seconds", -1),
        ("key_announcement_seconds", 2_592_001),
    ],
)
def test_times_have_bounds(admin, field, value):
    answer = refused(admin.patch(api("/organization"), json={field: value}), 422, "invalid", field)
    assert answer["way_out"]


def test_times_are_kept(admin):
    body = {"key_rotation_days": 0, "key_announcement_seconds": 60}
    changed = made(admin.patch(api("/organization"), json=body), 200)
    assert {name: changed[name] for name in body} == body


def test_a_shorter_lifetime_ends_no_key_early(keyed, admin):
    """Tokens of a day are out when the organization turns to tokens of an hour."""
    now = keyed.clock.now
    made(admin.patch(api("/organization"), json={"token_ttl_seconds_max": 3600}), 200)
    with keyed.store.read() as tx:
        (organization,) = tx.organizations.find(handle="default")
        rows = tx.signing_keys.find(organization_id=organization.id, kind=Kind.PRODUCTION)
    (row,) = rows
    assert row.state == "active"
    assert row.removes_at is not None and row.removes_at >= now + timedelta(days=1) + KEY_GRACE
