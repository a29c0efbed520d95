"""The question about a token over the wire: who may ask, and what is never answered."""

import pytest
from tests.management.installation import api, journey, made, refused

ASKED = {"api": "reading-list:v1.0", "operation": "GET /books", "environment": "production"}
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL3gudGVzdCJ9.c2lnbmF0dXJlLXNlY3JldA"


@pytest.mark.parametrize("role", ["admin", "publisher", "developer", "consumer", "auditor"])
def test_everybody_may_ask_and_nobody_gets_the_token_back(installed, admin, role):
    journey(admin)
    answer = installed.client(role).post(api("/explain"), json=ASKED | {"token": TOKEN})
    told = made(answer, 200)
    assert (told["allowed"], told["status"], told["code"]) == (False, 401, "900901")
    (step,) = [step for step in told["steps"] if step["outcome"] == "refused"]
    assert step["name"] == "issuer" and "https://x.test" in step["reason"] and step["way_out"]
    assert TOKEN.split(".")[2] not in answer.text
    assert "Gatewright-Sequence" not in answer.headers


def test_only_who_is_signed_in(installed):
    refused(installed.client().post(api("/explain"), json=ASKED | {"token": TOKEN}), 401)


def test_drafts_are_not_told_of(installed, admin):
    from tests.management.installation import DOCUMENT

    made(admin.post(api("/apis/import"), json={"document": DOCUMENT}))
    consumer = installed.client("consumer")
    refused(consumer.post(api("/explain"), json=ASKED | {"token": TOKEN}), 404, field="api")
    told = made(admin.post(api("/explain"), json=ASKED | {"token": TOKEN}), 200)
    assert told["status"] == 404 and told["steps"][0]["outcome"] == "refused"


def test_another_organization_s_api_is_not_there(installed, admin):
    journey(admin)
    other = installed.client("admin", "other")
    refused(other.post(api("/explain"), json=ASKED | {"token": TOKEN}), 404)


@pytest.mark.parametrize(("change", "status"), [
    ({"operation": "books"}, 422), ({"operation": "GET"}, 422), ({"environment": "moon"}, 404),
    ({"api": "nowhere"}, 404), ({"token": "x" * 33_001}, 422), ({"token": None}, 422),
])  # fmt: skip
def test_questions_that_are_none(admin, change, status):
    journey(admin)
    answer = admin.post(api("/explain"), json=ASKED | {"token": TOKEN} | change)
    refused(answer, status)
    assert "x" * 100 not in answer.text


def test_a_blocked_api(admin):
    journey(admin)
    made(admin.post(api("/apis/reading-list/lifecycle"), json={"state": "blocked"}), 200)
    told = made(admin.post(api("/explain"), json=ASKED | {"token": TOKEN}), 200)
    assert (told["status"], told["code"]) == (503, "700700")
