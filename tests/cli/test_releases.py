"""`promote`, `rollback`, `revisions`, `api diff`, and an API's later life, against a fake."""

import json

import pytest

DEPLOYMENT = {
    "id": "dep_1", "environment": "production", "kind": "production", "revision": 2,
    "digest": "0f" * 32, "upstream": "http://books.internal", "limits": [],
    "url": "http://127.0.0.1:8080/books/v1.0", "deployed_at": "2026-11-24T12:00:00Z", "fault": None,
}  # fmt: skip
BOOKS = "/apis/books%3Av1.0"


@pytest.fixture
def deployed(fake, api):
    other = DEPLOYMENT | {"environment": "development", "kind": "sandbox", "revision": 3}
    answer = {"items": [other, DEPLOYMENT], "next_cursor": None, "warnings": []}
    for verb in ("promotions", "rollbacks"):
        fake.on("POST", f"{BOOKS}/{verb}", answer, status=201, sequence=5)
    fake.on("GET", BOOKS, api)
    fake.on("GET", "/apis/api_1/deployments", answer)
    fake.live(5)


def test_promotion(run, fake, deployed):
    words = ["--from", "development", "--to", "production"]
    done = run("promote", "books:v1.0", *words)
    assert done.stdout == (
        "production: revision 2 at http://127.0.0.1:8080/books/v1.0, from http://books.internal\n"
    )
    assert "books:v1.0 is promoted; live on 1 of 1 gateways" in done.stderr
    assert fake.body() == {"from": "development", "to": "production"}
    run("promote", "books:v1.0", *words, "--upstream", "http://x", "--no-wait", "--json")
    bodies = [json.loads(item.content) for item in fake.requests if item.method == "POST"]
    assert bodies[1]["upstream"] == "http://x"


def test_promotion_without_an_upstream_says_what_to_run(run, fake):
    command = "gatewright api edit books:v1.0 --environment production --upstream https://b"
    fake.refuse("POST", f"{BOOKS}/promotions", 409, "conflict", "It has no upstream.",
                field="upstream", way_out=f"Set one: {command}")  # fmt: skip
    done = run("promote", "books:v1.0", "--from", "development", "--to", "production")
    assert done.exit_code == 1 and command in done.stderr


def test_rollback(run, fake, deployed):
    done = run("rollback", "books:v1.0", "--environment", "production")
    assert done.exit_code == 0 and done.stdout.startswith("production: revision 2 at ")
    assert "books:v1.0 is rolled back; live on 1 of 1 gateways" in done.stderr
    assert fake.body() == {"environment": "production"}
    run("rollback", "books:v1.0", "-e", "production", "--to-revision", "1")
    bodies = [json.loads(item.content) for item in fake.requests if item.method == "POST"]
    assert bodies[1] == {"environment": "production", "to_revision": 1}


def test_a_fault_of_what_is_served_now_fails(run, fake, deployed):
    fault = {"reason": "no route", "serving": True, "at": "2026-11-24T12:00:00Z"}
    fake.on("GET", "/apis/api_1/deployments", {"items": [DEPLOYMENT | {"fault": fault}]})
    done = run("rollback", "books:v1.0", "-e", "production")
    assert done.exit_code == 1 and "no route (its last good revision" in done.stderr


def test_revisions_are_listed_newest_first(run, fake):
    rows = [
        {"id": f"rev_{n}", "number": n, "digest": f"{n:064}", "operation_count": 3,
         "created_at": "2026-11-24T12:00:00Z",
         "environments": {2: ["production"], 3: ["development"]}.get(n, [])}
        for n in (1, 2, 3)
    ]  # fmt: skip
    fake.on("GET", f"{BOOKS}/revisions", {"items": rows, "next_cursor": None})
    lines = run("revisions", "books:v1.0").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["REVISION", "3", "2", "1"]
    assert [line.split()[-1] for line in lines[1:]] == ["development", "production", "-"]
    assert len(run("revisions", "books:v1.0", "--limit", "1").stdout.splitlines()) == 2


DIFFERENCES = [
    {"kind": "operation", "change": "added", "subject": "PUT /x", "text": "is added; it needs a"},
    {"kind": "operation", "change": "changed", "subject": "GET /b", "text": "needs b instead of a"},
    {"kind": "scope", "change": "removed", "subject": "c", "text": "is removed"},
]


def test_differences_are_lines_and_an_exit_code(run, fake):
    answer = {"api": "books:v1.0", "before": "1", "after": "draft", "items": DIFFERENCES}
    fake.on("GET", f"{BOOKS}/differences", answer)
    done = run("api", "diff", "books:v1.0", "1")
    assert done.exit_code == 2
    assert done.stdout.splitlines() == [
        "+ PUT /x: is added; it needs a",
        "~ GET /b: needs b instead of a",
        "- scope c: is removed",
    ]
    assert fake.query() == {"from": "1", "to": "draft"}
    fake.on("GET", f"{BOOKS}/differences", answer | {"items": []})
    done = run("api", "diff", "books:v1.0", "development", "production")
    assert (done.exit_code, done.stdout) == (0, "no difference\n")


def test_text_of_others_can_not_act_on_the_terminal(run, fake):
    rows = [DIFFERENCES[0] | {"text": "has another summary: \x1b[2J\nowned"}]
    fake.on("GET", f"{BOOKS}/differences", {"items": rows})
    assert "\x1b" not in run("api", "diff", "books:v1.0", "1").stdout


def test_an_api_is_deprecated_with_dates(run, fake, api):
    dates = {"deprecated_at": "2026-11-24T12:00:00Z", "sunset_at": "2027-06-30T00:00:00Z"}
    found = {**api, "state": "DEPRECATED", **dates}
    fake.on("POST", f"{BOOKS}/lifecycle", found, sequence=3)
    fake.live(3)
    done = run("api", "deprecate", "books:v1.0", "--sunset", "2027-06-30")
    assert done.stdout.splitlines() == [
        "books:v1.0 is DEPRECATED",
        "deprecated since 2026-11-24T12:00:00Z",
        "gone on 2027-06-30T00:00:00Z",
    ]
    assert fake.body() == {"state": "DEPRECATED", "sunset_at": "2027-06-30"}
    fake.on("GET", BOOKS, found)
    assert "gone on              2027-06-30T00:00:00Z\n" in run("api", "show", "books:v1.0").stdout


@pytest.mark.parametrize(("since", "state"), [(None, "PUBLISHED"), ("2026-01-01", "DEPRECATED")])
def test_an_api_is_blocked_and_is_then_what_it_was(run, fake, api, since, state):
    fake.on("POST", f"{BOOKS}/lifecycle", api | {"state": "BLOCKED"})
    assert run("api", "block", "books:v1.0").stdout == "books:v1.0 is BLOCKED\n"
    fake.on("GET", BOOKS, api | {"state": "BLOCKED", "deprecated_at": since})
    fake.on("POST", "/apis/api_1/lifecycle", api | {"state": state})
    assert run("api", "unblock", "books:v1.0").exit_code == 0
    assert fake.body(-1) == {"state": state}


def test_what_is_not_blocked_is_not_unblocked(run, fake, api):
    fake.on("GET", BOOKS, api)
    assert run("api", "unblock", "books:v1.0").exit_code == 64
    assert fake.calls() == ["GET /apis/books:v1.0"]


def test_settings_of_an_api(run, fake, api):
    fake.on("PATCH", BOOKS, api)
    words = (
        "--name",
        "Books",
        "--environment",
        "production",
        "--upstream",
        "http://b",
        "--approval",
    )
    done = run("api", "edit", "books:v1.0", *words)
    assert done.exit_code == 0
    assert fake.body() == {
        "name": "Books", "approval_required": True, "upstreams": {"production": "http://b"},
    }  # fmt: skip
    assert "new subscriptions are pending until approved" in done.stderr
    assert "next: gatewright api deploy books:v1.0 --environment production" in done.stderr
    run("api", "edit", "books:v1.0", "--no-approval")
    assert fake.body(1) == {"approval_required": False}
    for words in ((), ("--upstream", "http://b"), ("--environment", "production")):
        assert run("api", "edit", "books:v1.0", *words).exit_code == 64


@pytest.fixture
def found(fake, subscription):
    fake.on("GET", "/subscriptions", {"items": [subscription], "next_cursor": None})
    return subscription


def test_a_subscription_is_approved(run, fake, found):
    fake.on("POST", "/subscriptions/sub_1/approval", found, sequence=4)
    fake.live(4)
    done = run("sub", "approve", "bookworm", "books")
    assert done.stdout == "the subscription of bookworm to books v1 is active\n"
    assert "live on 1 of 1 gateways" in done.stderr
    assert fake.query() == {"application": "bookworm", "api": "books", "limit": "2"}


def test_a_subscription_is_rejected_with_a_reason(run, fake, found):
    assert run("subscription", "reject", "bookworm", "books").exit_code == 64
    answer = found | {"state": "rejected", "pending": True, "rejection": "Not now."}
    fake.on("POST", "/subscriptions/sub_1/rejection", answer, sequence=4)
    done = run("subscription", "reject", "bookworm", "books", "--reason", "Not now.")
    assert done.stdout == "the subscription of bookworm to books v1 is rejected\n"
    assert fake.body(-1) == {"reason": "Not now."}
    fake.on("GET", "/subscriptions", {"items": [answer], "next_cursor": None})
    assert "rejected: Not now." in run("sub", "list", "--state", "rejected").stdout
    assert fake.query(-1)["state"] == "rejected"


@pytest.mark.parametrize("verb", ["block", "unblock"])
def test_a_subscription_is_blocked_and_unblocked(run, fake, found, verb):
    answer = found | {"blocked": verb == "block", "state": "blocked"}
    fake.on("PATCH", "/subscriptions/sub_1", answer, sequence=4)
    fake.live(4)
    assert run("subscription", verb, "bookworm", "books:v1.0").exit_code == 0
    assert json.loads(fake.requests[1].content) == {"blocked": verb == "block"}


def test_one_subscription_is_meant(run, fake, subscription):
    fake.on("GET", "/subscriptions", {"items": [], "next_cursor": None})
    assert run("subscription", "block", "bookworm", "books").exit_code == 3
    fake.on("GET", "/subscriptions", {"items": [subscription] * 2, "next_cursor": "x"})
    assert run("subscription", "approve", "bookworm", "books").exit_code == 1
    assert {call.split()[0] for call in fake.calls()} == {"GET"}


@pytest.mark.parametrize(("verb", "word"), [("block", "blocked"), ("unblock", "active")])
def test_an_application_is_blocked_and_unblocked(run, fake, application, verb, word):
    answer = application | {"blocked": verb == "block"}
    fake.on("PATCH", "/applications/bookworm", answer, sequence=4)
    fake.live(4)
    done = run("app", verb, "bookworm")
    assert done.stdout == f"bookworm is {word}\n"
    assert "live on 1 of 1 gateways" in done.stderr


def test_who_subscribes_is_told_to_wait(run, fake, subscription):
    pending = subscription | {"state": "pending", "pending": True}
    fake.on("POST", "/subscriptions", pending, status=201, sequence=4)
    fake.live(4)
    done = run("subscribe", "bookworm", "books")
    assert done.stdout == "bookworm waits for approval to call books v1.x on plan Bronze\n"
    assert "a publisher of the API approves or rejects it" in done.stderr
    assert "next:" not in done.stderr
