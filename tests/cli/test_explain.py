"""`gatewright explain` and linked clients against a fake management API."""

import pytest

STEPS = [
    {"name": "deployed", "outcome": "ok", "reason": "It answers.", "way_out": None},
    {"name": "scopes", "outcome": "refused", "reason": "It needs a.", "way_out": "Ask for it."},
    {"name": "plan", "outcome": "not reached", "reason": "", "way_out": None},
]
ASKED = ("--api", "books:v1.0", "--operation", "GET /books")


def answer(status=403, code="900910"):
    return {"allowed": status == 200, "status": status, "code": code, "steps": STEPS}


def test_each_step_is_told(run, fake):
    fake.on("POST", "/explain", answer())
    done = run("explain", "eyJ.e30.c2ln", *ASKED, "-e", "production", "--header", "x-token")
    assert done.exit_code == 4
    assert "✗ scopes    It needs a.\n" in done.stdout and "→ Ask for it." in done.stdout
    assert "✓ deployed" in done.stdout and "· plan      not reached" in done.stdout
    assert "answers 403, code 900910" in done.stderr
    assert "c2ln" not in done.stdout + done.stderr
    assert fake.body() == {
        "token": "eyJ.e30.c2ln", "api": "books:v1.0", "operation": "GET /books",
        "environment": "production", "header": "x-token",
    }  # fmt: skip


@pytest.mark.parametrize(("status", "code"), [(200, 0), (401, 4), (403, 4), (404, 3), (405, 1),
                                              (503, 5)])  # fmt: skip
def test_exit_codes(run, fake, status, code):
    fake.on("POST", "/explain", answer(status))
    assert run("explain", "x", *ASKED).exit_code == code


def test_the_token_is_read_from_standard_input(run, fake):
    fake.on("POST", "/explain", answer(200))
    assert run("explain", "-", *ASKED, stdin="Authorization: Bearer t\n").exit_code == 0
    assert fake.body()["token"] == "Authorization: Bearer t"


def test_a_text_that_is_too_long(run, fake):
    assert run("explain", "-", *ASKED, stdin="x" * 40_000).exit_code == 64
    assert fake.requests == []


LINK = {
    "id": "xcl_1", "application": "portal", "key_manager": "okta", "issuer": "https://x.test",
    "client_id": "0oa1", "enabled": True, "created_at": "2026-11-24T12:00:00Z", "revision": 1,
}  # fmt: skip
CLIENTS = "/applications/portal/external-clients"


def test_a_client_is_linked_listed_and_unlinked(run, fake):
    fake.on("POST", CLIENTS, LINK, status=201, sequence=3)
    fake.on("GET", CLIENTS, {"items": [LINK]})
    fake.on("DELETE", f"{CLIENTS}/0oa1", None, status=204, sequence=4)
    fake.live(4)
    done = run("app", "client", "add", "portal", "--key-manager", "okta", "--client-id", "0oa1")
    assert done.exit_code == 0 and "0oa1 of okta acts for portal" in done.stdout
    assert fake.body() == {"key_manager": "okta", "client_id": "0oa1"}
    assert "0oa1" in run("app", "client", "list", "portal").stdout
    assert run("app", "client", "remove", "portal", "0oa1", "--yes").exit_code == 0


def test_a_client_id_with_a_slash_is_unlinked_by_its_link(run, fake):
    fake.on("GET", CLIENTS, {"items": [LINK | {"client_id": "https://c.test/1"}]})
    fake.on("DELETE", f"{CLIENTS}/xcl_1", None, status=204, sequence=4)
    fake.live(4)
    assert run("app", "client", "remove", "portal", "https://c.test/1", "-y").exit_code == 0
