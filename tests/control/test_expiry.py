"""What ends soon is said once a day, with what a person must know, until it is gone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.management.installation import Installation, api, journey, made
from tests.management.test_secrets import SECRETS, add_authenticator

from gatewright.control.expiry import ExpiryWatch


@pytest.fixture
def installed(tmp_path):
    with Installation(tmp_path) as installation:
        journey(installation.client("admin"))
        yield installation


@pytest.fixture
def said(installed):
    """Looks, and gives what was reported by that."""
    events = []
    watch = ExpiryWatch(installed.store, installed.world, events.append)

    def look():
        events.clear()
        watch.look()
        return list(events)

    return look


def add(installed, days):
    body = {"name": "other", "expires_in_days": days}
    return made(installed.client("admin").post(api(SECRETS), json=body))


def test_nothing_is_said_of_what_lives_on(installed, said):
    add(installed, 15)
    assert said() == []


def test_it_is_said_once_a_day_until_it_has_ended(installed, said):
    secret = add(installed, 15)
    days = []
    for hour in range(16 * 24):
        days += [hour // 24 for event in said() if event.id == secret["id"]]
        installed.clock.pass_time(hours=1)
    assert days == list(range(1, 15))


def test_event_says_whose_it_is_and_holds_no_secret(installed, said):
    secret = add(installed, 1)
    (event,) = said()
    assert (event.organization, event.application, event.kind, event.way) == (
        "default", "demo-app", "production", "secret",
    )  # fmt: skip
    assert (event.id, event.last, event.used) == (secret["id"], False, False)
    assert secret["client_secret"] not in repr(event) and event.level == "warning"


def test_last_way_in_is_told_apart(installed, said):
    with installed.store.write() as tx:
        (first,) = tx.secrets.find()
        end = installed.clock.now + timedelta(days=3)
        tx.secrets.replace(replace(first, expires_at=end, last_used_at=installed.clock.now))
    (event,) = said()
    assert event.last and event.used
    authenticator = add_authenticator(installed, end + timedelta(days=1))
    installed.clock.pass_time(days=1, seconds=1)
    found = {event.id: event for event in said()}
    assert not found[first.id].last
    assert found[authenticator.id].last and found[authenticator.id].way == "private_key_jwt"


def test_deleted_application_is_not_spoken_of(installed, said):
    add(installed, 1)
    assert installed.client("admin").delete(api("/applications/demo-app")).status_code == 204
    assert said() == []


def test_keys_that_end_soon_are_told_and_revoked_ones_are_not(installed, said):
    keys = api("/applications/demo-app/api-keys")
    admin = installed.client("admin")
    ending, gone = (
        made(admin.post(keys, json={"name": name, "expires_in_days": 3})) for name in ("a", "b")
    )
    made(admin.post(keys, json={"name": "later", "expires_in_days": 30}))
    made(admin.post(keys, json={"name": "never"}))
    made(admin.post(f"{keys}/{gone['id']}/revoke"), 200)
    (event,) = said()
    assert (event.name, event.application, event.key_name, event.id) == (
        "api-key.expires", "demo-app", "a", ending["id"],
    )  # fmt: skip
    assert ending["key"] not in repr(event) and said() == []
    installed.clock.pass_time(days=1, seconds=1)
    assert [item.id for item in said()] == [ending["id"]]
    installed.clock.pass_time(days=3)
    assert said() == []
