"""Secrets over the wire: rotation with an overlap, room for new ones, no way to be locked out."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.management.installation import api, journey, made, refused

from gatewright.domain.authenticator import Authenticator, Method
from gatewright.domain.ids import new_id

KEYS = "/applications/demo-app/credentials"
SECRETS = f"{KEYS}/production/secrets"
ROTATIONS = f"{SECRETS}/rotations"
DAY = 86_400


@pytest.fixture
def first(admin):
    """The first secret of an application's keys."""
    return journey(admin)["keys"]["secrets"][0]


def listed(admin):
    (item,) = made(admin.get(api(KEYS)), 200)["items"]
    return {secret["name"]: secret for secret in item["secrets"]}


def add_authenticator(installed, expires_at=None):
    with installed.store.write() as tx:
        (credential,) = tx.credentials.find()
        return tx.authenticators.add(
            Authenticator(
                new_id("auth", installed.world), credential.organization_id, credential.id,
                "a key", Method.PRIVATE_KEY_JWT, {}, installed.clock.now, expires_at, None,
            )
        )  # fmt: skip


@pytest.mark.parametrize("wish, overlap", [
    pytest.param({}, DAY, id="a day when left out"),
    pytest.param({"overlap_seconds": 600}, 600, id="as the owner chooses"),
    pytest.param({"overlap_seconds": 0}, 0, id="at once"),
])  # fmt: skip
def test_rotation_ends_older_secrets_after_the_overlap(installed, admin, first, wish, overlap):
    before = installed.clock.now
    done = made(admin.post(api(ROTATIONS), json=wish))
    (old,) = done["retiring"]
    length = datetime.fromisoformat(old["expires_at"]) - before
    assert timedelta(seconds=overlap) <= length < timedelta(seconds=overlap + 1)
    assert (old["id"], old["usable"]) == (first["id"], overlap > 0)
    assert done["client_secret"].startswith("gws_") and done["expires_at"] is None
    installed.clock.pass_time(seconds=overlap + 1)
    shown = listed(admin)
    assert not shown["first"]["usable"] and shown["rotated"]["usable"]
    assert shown["rotated"]["client_secret"] is None


def test_rotation_lets_nothing_live_longer(installed, admin, first):
    short = made(admin.post(api(SECRETS), json={"name": "short", "expires_in_days": 1}))
    made(admin.post(api(ROTATIONS), json={"overlap_seconds": 30 * DAY}))
    shown = listed(admin)
    assert shown["short"]["expires_at"] == short["expires_at"]
    assert shown["first"]["expires_at"] > short["expires_at"]


def test_second_rotation_does_not_lengthen_the_first_overlap(admin, first):
    made(admin.post(api(ROTATIONS), json={"name": "second", "overlap_seconds": 60}))
    end = listed(admin)["first"]["expires_at"]
    made(admin.post(api(ROTATIONS), json={"name": "third", "overlap_seconds": DAY}))
    assert listed(admin)["first"]["expires_at"] == end


def test_rotation_is_audited_without_the_secret(admin, first):
    done = made(admin.post(api(ROTATIONS), json={"name": "spring", "expires_in_days": 90}))
    records = made(admin.get(api("/audit?limit=200")), 200)["items"]
    (record,) = [item for item in records if item["action"] == "secrets.rotate"]
    assert record["subject"] == done["id"]
    detail = record["detail"]
    assert (detail["name"], detail["overlap_seconds"]) == ("spring", "86400")
    assert detail["retiring"] == first["id"] and done["client_secret"] not in str(record)


@pytest.mark.parametrize("body, field", [
    pytest.param({"overlap_seconds": -1}, "overlap_seconds", id="below none"),
    pytest.param({"overlap_seconds": 91 * DAY}, "overlap_seconds", id="beyond ninety days"),
    pytest.param({"overlap_seconds": "1d"}, "overlap_seconds", id="no number"),
    pytest.param({"overlap_seconds": 1.5}, "overlap_seconds", id="no whole number"),
    pytest.param({"name": " "}, "name", id="no name"),
    pytest.param({"expires_in_days": 0}, "expires_in_days", id="over at once"),
    pytest.param({"overlap": 1}, "overlap", id="unknown member"),
])  # fmt: skip
def test_refused_rotation_changes_nothing(admin, first, body, field):
    refused(admin.post(api(ROTATIONS), json=body), 422, None, field)
    assert list(listed(admin).values()) == [first]


def test_daily_rotation_never_runs_out_of_room(installed, admin, first):
    for number in range(12):
        made(admin.post(api(ROTATIONS), json={"name": f"day {number}"}))
        installed.clock.pass_time(days=1, seconds=1)
    usable = [name for name, item in listed(admin).items() if item["usable"]]
    assert usable == ["day 11"] and len(listed(admin)) <= 5


def test_rotation_beside_five_usable_ones_is_refused_and_ends_none(admin, first):
    for number in range(2, 6):
        made(admin.post(api(SECRETS), json={"name": f"number {number}"}))
    refused(admin.post(api(ROTATIONS), json={}), 409, "conflict", "secrets")
    assert {item["expires_at"] for item in listed(admin).values()} == {None}
    made(admin.post(api(ROTATIONS), json={"overlap_seconds": 0}))
    assert [item["usable"] for item in listed(admin).values()] == [True]


def test_repeated_rotation_with_one_key_makes_one_secret(admin, first):
    key = {"Idempotency-Key": "rotation-1"}
    one = made(admin.post(api(ROTATIONS), json={}, headers=key))
    assert made(admin.post(api(ROTATIONS), json={}, headers=key)) == one
    assert len(listed(admin)) == 2


@pytest.mark.parametrize("role", ["auditor", "consumer"])
def test_who_may_not_write_keys_rotates_none(installed, admin, first, role):
    answer = installed.client(role).post(api(ROTATIONS), json={})
    assert answer.status_code in (403, 404)
    assert list(listed(admin)) == ["first"]


@pytest.mark.parametrize("days, soon", [
    pytest.param(None, False, id="never"),
    pytest.param(15, False, id="in fifteen days"),
    pytest.param(14, True, id="in fourteen days"),
    pytest.param(1, True, id="tomorrow"),
])  # fmt: skip
def test_what_ends_soon_is_marked(admin, first, days, soon):
    body = {"name": "other"} | ({"expires_in_days": days} if days else {})
    made(admin.post(api(SECRETS), json=body))
    assert listed(admin)["other"]["expires_soon"] is soon


def test_what_has_ended_is_no_longer_ending_soon(installed, admin, first):
    made(admin.post(api(SECRETS), json={"name": "other", "expires_in_days": 1}))
    installed.clock.pass_time(days=1, seconds=1)
    shown = listed(admin)["other"]
    assert not shown["expires_soon"] and not shown["usable"]


def test_last_secret_may_go_where_an_authenticator_opens(installed, admin, first):
    path = api(f"{SECRETS}/{first['id']}")
    refused(admin.delete(path), 409, "conflict", "secret")
    ended = add_authenticator(installed, installed.clock.now)
    refused(admin.delete(path), 409, "conflict", "secret")
    with installed.store.write() as tx:
        tx.authenticators.replace(replace(ended, expires_at=None))
    assert admin.delete(path).status_code == 204


def test_secret_of_another_client_is_not_found(admin, first):
    made(admin.post(api(KEYS), json={"kind": "sandbox"}))
    path = api(f"{KEYS}/sandbox/secrets/{first['id']}")
    refused(admin.delete(path), 404, "not-found", "secret")
