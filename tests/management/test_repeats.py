"""Idempotency keys: the same answer again, one write, and nothing that the database can read."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.management.installation import DOCUMENT, api, journey, made, refused

from gatewright.interfaces.management.repeats import SWEPT_PER_CREATE

KEY = {"Idempotency-Key": "d0f3b6a0-one"}


@pytest.mark.parametrize(
    "path, body",
    [
        ("/apis/import", {"document": DOCUMENT.replace("Reading", "Writing")}),
        ("/apis", {"name": "Another", "operations": []}),
        ("/applications", {"name": "Another"}),
        ("/applications/demo-app/credentials", {"kind": "sandbox"}),
        ("/applications/demo-app/credentials/production/secrets", {"name": "second"}),
        ("/access-tokens", {"name": "mine"}),
        ("/members", {"handle": "ada", "name": "Ada", "role": "developer"}),
        ("/members/consumer/sign-in-links", None),
        ("/apis/reading-list/scopes", {"name": "new"}),
        ("/apis/reading-list/deployments", {}),
    ],
)
def test_same_key_gives_the_same_answer_and_writes_once(installed, admin, path, body):
    journey(admin)
    first = admin.post(api(path), json=body, headers=KEY)
    made(first)
    with installed.store.read() as tx:
        before = tx.sequence, tx.audit_records.count()
    second = admin.post(api(path), json=body, headers=KEY)
    assert second.status_code == 201 and second.content == first.content
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers.get("etag") == first.headers.get("etag")
    with installed.store.read() as tx:
        assert (tx.sequence, tx.audit_records.count()) == before


def test_repetitions_at_the_same_time_write_once(installed):
    def create(_):
        client = installed.client("admin")
        return client.post(api("/applications"), json={"name": "One"}, headers=KEY)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(create, range(16)))
    assert {made(answer)["id"] for answer in answers} == {answers[0].json()["id"]}
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 15
    with installed.store.read() as tx:
        assert tx.applications.count() == 1


def test_other_request_under_the_same_key_is_a_conflict(admin):
    made(admin.post(api("/applications"), json={"name": "One"}, headers=KEY))
    other = admin.post(api("/applications"), json={"name": "Two"}, headers=KEY)
    refused(other, 409, "conflict", "Idempotency-Key")


def test_key_belongs_to_one_person_and_organization(installed, admin):
    made(admin.post(api("/applications"), json={"name": "One"}, headers=KEY))
    body = {"name": "Two"}
    for client in (installed.client("developer"), installed.client("admin", "other")):
        made(client.post(api("/applications"), json=body, headers=KEY))


def test_failed_create_leaves_the_key_free(admin):
    refused(admin.post(api("/applications"), json={"name": " "}, headers=KEY), 422)
    made(admin.post(api("/applications"), json={"name": "One"}, headers=KEY))


def test_kept_for_a_day(installed, admin):
    made(admin.post(api("/access-tokens"), json={"name": "a"}, headers=KEY))
    installed.clock.pass_time(hours=25)
    again = admin.post(api("/access-tokens"), json={"name": "a"}, headers=KEY)
    assert again.status_code == 201 and "idempotency-replayed" not in again.headers


def test_old_answers_are_swept(installed, admin):
    for number in range(40):
        key = {"Idempotency-Key": f"old-{number}"}
        made(admin.post(api("/applications"), json={"name": f"a{number}"}, headers=key))
    installed.clock.pass_time(hours=25)
    for number in range(40):
        key = {"Idempotency-Key": f"new-{number}"}
        made(admin.post(api("/applications"), json={"name": f"b{number}"}, headers=key))
    with installed.store.read() as tx:
        assert tx.kept_answers.count() < 40 + SWEPT_PER_CREATE


def test_database_can_not_read_the_kept_answer(installed, admin):
    journey(admin)
    path = api("/applications/demo-app/credentials")
    secret = made(admin.post(path, json={"kind": "sandbox"}, headers=KEY))["client_secret"]
    with installed.store.read() as tx:
        (kept,) = tx.kept_answers.find()
    assert secret.encode() not in kept.sealed_body and KEY["Idempotency-Key"] not in repr(kept)


@pytest.mark.parametrize("key", ["", "with blank", "x" * 256, "tab\there"])
def test_malformed_key_is_refused(admin, key):
    response = admin.post(
        api("/applications"), json={"name": "a"}, headers={"Idempotency-Key": key}
    )
    refused(response, 422, "invalid", "Idempotency-Key")
