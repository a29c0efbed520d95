"""`gatewright app`, `subscribe`, `token`, `revoke` and `curl`: and no secret where none belongs."""

import json

import httpx2
import pytest

from gatewright.interfaces.cli import live

GATEWAY = "http://127.0.0.1:8080"


def test_create_tells_the_handle_and_the_next_step(run, fake, application):
    fake.on("POST", "/applications", application, status=201)
    result = run("app", "create", "Book worm", "--allow-scope", "books:read")
    assert fake.body() == {
        "name": "Book worm",
        "description": "",
        "allowed_scopes": ["books:read"],
    }
    assert result.stdout == "Book worm is created as bookworm\n"
    assert "next: gatewright app keys bookworm" in result.stderr


@pytest.mark.parametrize(
    ("name", "path"),
    [
        pytest.param("bookworm", "/applications/bookworm", id="handle"),
        pytest.param("Book worm", "/applications/Book%20worm", id="name with a space"),
        pytest.param("Bücher", "/applications/B%C3%BCcher", id="not ASCII"),
        pytest.param("50%", "/applications/50%25", id="percent"),
    ],
)
def test_keys_of_an_application_by_any_name(run, fake, credential, name, path):
    fake.on("POST", f"{path}/credentials", credential, status=201)
    result = run("app", "keys", name, "--kind", "production")
    assert result.exit_code == 0, result.stderr
    assert fake.body() == {"kind": "production"}


def test_a_name_with_a_slash_is_looked_up(run, fake, application, credential):
    listed = {"items": [{**application, "name": "a/b"}], "next_cursor": None}
    fake.on("GET", "/applications", listed)
    fake.on("POST", "/applications/app_1/credentials", credential, status=201)
    assert run("app", "keys", "a/b").exit_code == 0
    result = run("app", "keys", "../users")
    assert result.exit_code == 3
    assert all("users" not in item.url.path for item in fake.requests)


def test_keys_are_shown_once_with_where_to_use_them(run, fake, credential):
    fake.on("POST", "/applications/bookworm/credentials", credential, status=201)
    result = run("app", "keys", "bookworm")
    assert "client_secret" in result.stdout
    assert "gws_shown-once" in result.stdout
    assert "http://127.0.0.1:8001/sts/default/production/token" in result.stdout
    assert credential["connection"]["curl"] + "\n" in result.stdout
    assert "shown this once" in result.stderr
    assert "gws_" not in result.stderr
    assert json.loads(run("app", "keys", "bookworm", "--json").stdout) == credential


def test_keys_that_exist_are_listed_and_not_made(run, fake, credential):
    fake.refuse("POST", "/applications/bookworm/credentials", 409, "conflict", "exists")
    known = {key: value for key, value in credential.items() if key != "client_secret"}
    fake.on("GET", "/applications/bookworm/credentials", {"items": [known], "next_cursor": None})
    result = run("app", "keys", "bookworm")
    assert result.exit_code == 1
    assert "gws_abc…wxyz" in result.stdout
    assert "bookworm has production keys already" in result.stderr
    assert "gatewright app secret add bookworm --kind production" in result.stderr
    told = json.loads(run("app", "keys", "bookworm", "--json").stdout)
    assert told["error"]["code"] == "conflict"
    assert told["credential"] == known


def test_list_show_and_delete(run, fake, application, credential, subscription):
    fake.on("GET", "/applications", {"items": [application], "next_cursor": None})
    fake.on("GET", "/applications/bookworm", application)
    fake.on("GET", "/applications/bookworm/credentials", {"items": [credential]})
    fake.on("GET", "/applications/bookworm/external-clients", {"items": []})
    fake.on("GET", "/subscriptions", {"items": [subscription], "next_cursor": None})
    fake.on("DELETE", "/applications/app_1", status=204, sequence=8)
    fake.live(8)
    assert "bookworm  Book worm  active  all" in run("app", "list").stdout
    shown = run("app", "show", "bookworm")
    assert "gws_abc…wxyz" in shown.stdout
    assert "gws_shown-once" not in shown.stdout
    assert run("app", "delete", "bookworm").exit_code == 64
    assert "DELETE /applications/app_1" not in fake.calls()
    assert run("app", "delete", "bookworm", "-y").exit_code == 0


ROTATIONS = "/applications/bookworm/credentials/production/secrets/rotations"


@pytest.mark.parametrize(
    ("overlap", "seconds"),
    [
        pytest.param(None, 86_400, id="a day when left out"),
        pytest.param("0", 0, id="at once"),
        pytest.param("90s", 90, id="seconds"),
        pytest.param("30m", 1800, id="minutes"),
        pytest.param("24h", 86_400, id="hours"),
        pytest.param("7d", 604_800, id="days"),
    ],
)
def test_rotate_makes_a_secret_and_tells_how_long_the_old_ones_live(
    run, fake, credential, overlap, seconds
):
    (old,) = credential["secrets"]
    old = {**old, "expires_at": "2026-11-25T12:00:00Z", "expires_soon": True}
    new = {**old, "id": "sec_2", "client_secret": "gws_new", "expires_at": None, "retiring": [old]}
    fake.on("POST", ROTATIONS, new, status=201)
    more = ("--overlap", overlap) if overlap else ()
    result = run("app", "secret", "rotate", "bookworm", "--expires-in-days", "30", *more)
    assert fake.body() == {"name": "rotated", "overlap_seconds": seconds, "expires_in_days": 30}
    assert "gws_new" in result.stdout
    assert "2026-11-25T12:00:00Z  gws_abc…wxyz  first  (last used: never)" in result.stderr
    result = run("app", "secret", "rotate", "bookworm", *more, "--json")
    assert json.loads(result.stdout) == new


def test_rotate_at_once_says_that_nothing_older_works(run, fake, credential):
    old = {**credential["secrets"][0], "usable": False}
    fake.on("POST", ROTATIONS, {**old, "client_secret": "gws_new", "retiring": [old]}, status=201)
    result = run("app", "secret", "rotate", "bookworm", "--overlap", "0")
    assert "No older secret works any more." in result.stderr


@pytest.mark.parametrize("overlap", ["", "24", "-1h", "1w", "1.5h", "1h30m", "999999999d", "١h"])
def test_rotate_asks_for_a_length_of_time(run, fake, overlap):
    result = run("app", "secret", "rotate", "bookworm", "--overlap", overlap)
    assert result.exit_code == 64 and not fake.requests


@pytest.mark.parametrize(
    ("members", "shown"),
    [
        pytest.param({}, "never never yes", id="usable"),
        pytest.param(
            {"expires_at": "2026-11-25T12:00:00Z", "expires_soon": True},
            "2026-11-25T12:00:00Z never yes, expires soon", id="ends soon",
        ),
        pytest.param(
            {"last_used_at": "2026-11-24T11:00:00Z", "usable": False},
            "never 2026-11-24T11:00:00Z no", id="unusable",
        ),
    ],
)  # fmt: skip
def test_list_marks_what_ends_soon_and_what_nobody_used(run, fake, credential, members, shown):
    secret = {**credential["secrets"][0], **members}
    listed = {"items": [{**credential, "secrets": [secret]}]}
    fake.on("GET", "/applications/bookworm/credentials", listed)
    line = run("app", "secret", "list", "bookworm").stdout.splitlines()[-1]
    assert " ".join(line.split()).endswith(shown)


def test_secret_add_list_revoke_and_revoke_tokens(run, fake, credential):
    path = "/applications/bookworm/credentials/sandbox"
    sandbox = {**credential, "kind": "sandbox"}
    fake.on("GET", "/applications/bookworm/credentials", {"items": [credential, sandbox]})
    added = {**credential["secrets"][0], "client_secret": "gws_new"}
    fake.on("POST", f"{path}/secrets", added, status=201)
    fake.on("DELETE", f"{path}/secrets/sec_1", status=204)
    fake.on("POST", f"{path}/revoke-tokens", sandbox, sequence=6)
    fake.live(6)
    kind = ("--kind", "sandbox")
    assert "gws_new" in run("app", "secret", "add", "bookworm", *kind).stdout
    assert "gws_abc…wxyz" in run("app", "secret", "list", "bookworm", *kind).stdout
    assert run("app", "secret", "revoke", "bookworm", "sec_1", *kind).exit_code == 0
    assert run("app", "revoke-tokens", "bookworm", *kind).exit_code == 64
    result = run("app", "revoke-tokens", "bookworm", *kind, "--yes")
    assert "every sandbox token of bookworm is revoked; live on 1 of 1" in result.stdout


def test_subscribe_waits_and_tells_what_is_covered(run, fake, subscription):
    fake.on("POST", "/subscriptions", subscription, status=201, sequence=5)
    fake.live(5)
    result = run("subscribe", "bookworm", "books", "--plan", "Bronze")
    assert fake.body() == {"application": "bookworm", "api": "books", "plan": "Bronze"}
    assert result.stdout == "bookworm may call books v1.x on plan Bronze\n"
    assert "live on 1 of 1 gateways" in result.stderr


def test_subscribe_again_changes_the_plan(run, fake, subscription):
    fake.refuse("POST", "/subscriptions", 409, "conflict", "It is subscribed already.")
    fake.on("GET", "/subscriptions", {"items": [subscription], "next_cursor": None})
    fake.on("PATCH", "/subscriptions/sub_1", {**subscription, "plan": "Gold"}, sequence=6)
    fake.live(6)
    result = run("subscribe", "bookworm", "books", "--plan", "Gold")
    assert fake.body(2) == {"plan": "Gold"}
    assert "on plan Gold" in result.stdout


def test_subscribe_again_without_a_plan_is_refused(run, fake, subscription):
    fake.refuse("POST", "/subscriptions", 409, "conflict", "It is subscribed already.")
    assert run("subscribe", "bookworm", "books").exit_code == 1
    assert not any(line.startswith("PATCH") for line in fake.calls())


def test_unsubscribe_finds_the_subscription_and_waits(run, fake, subscription):
    fake.on("GET", "/subscriptions", {"items": [subscription], "next_cursor": None})
    fake.on("DELETE", "/subscriptions/sub_1", status=204, sequence=6)
    fake.live(6)
    result = run("unsubscribe", "bookworm", "books", "--json")
    assert fake.query(0) == {"application": "bookworm", "api": "books", "limit": "100"}
    assert json.loads(result.stdout)["live"]["live"] is True


def test_unsubscribe_of_nothing_is_not_found(run, fake):
    fake.on("GET", "/subscriptions", {"items": [], "next_cursor": None})
    result = run("unsubscribe", "bookworm", "books")
    assert result.exit_code == 3
    assert "→ See `gatewright subscription list`." in result.stderr


ISSUED = {"access_token": "eyJ.token", "token_type": "Bearer", "expires_in": 900, "scope": "a"}


def test_token_prints_the_token_and_nothing_else(run, fake):
    fake.on("POST", "/applications/bookworm/tokens", ISSUED)
    result = run("token", "bookworm", "--scope", "books:read a", "--kind", "sandbox")
    assert (result.stdout, result.stderr) == ("eyJ.token\n", "")
    assert fake.body() == {"kind": "sandbox", "scope": "books:read a"}
    assert json.loads(run("token", "bookworm", "--json").stdout) == ISSUED


@pytest.mark.parametrize(
    ("argument", "stdin"),
    [pytest.param("eyJ.token", None, id="argument"), pytest.param("-", "eyJ.token\n", id="stdin")],
)
def test_revoke_waits_and_does_not_repeat_the_token(run, fake, argument, stdin):
    fake.on("POST", "/token-revocations", {"revoked": True}, sequence=4)
    fake.live(4)
    result = run("revoke", argument, stdin=stdin)
    assert fake.body() == {"token": "eyJ.token"}
    assert result.stdout == "revoked; live on 1 of 1 gateways\n"
    assert "eyJ" not in result.output


@pytest.mark.parametrize("kind", [None, "sandbox"])
def test_revoke_of_an_application(run, fake, kind):
    kinds = [kind] if kind else ["production", "sandbox"]
    told = {"application": "bookworm", "kinds": kinds, "live": True}
    fake.on("POST", "/applications/bookworm/revoke-tokens", told, sequence=4)
    fake.live(4)
    options = ["--kind", kind] if kind else []
    assert run("revoke", "--app", "bookworm", *options).exit_code == 64
    assert fake.calls() == []
    result = run("revoke", "--app", "bookworm", *options, "--yes")
    assert fake.body() == ({"kind": kind} if kind else {})
    words = f"every {' and '.join(kinds)} token of bookworm is revoked; live on 1 of 1 gateways\n"
    assert result.stdout == words


@pytest.mark.parametrize("arguments", [
    pytest.param([], id="nothing"),
    pytest.param(["eyJ.token", "--app", "bookworm"], id="both"),
    pytest.param(["eyJ.token", "--kind", "sandbox"], id="kind of a token"),
])  # fmt: skip
def test_revoke_says_what_it_takes(run, arguments):
    assert run("revoke", *arguments).exit_code == 64


def test_a_revocation_without_any_gateway_is_done(run, fake):
    fake.on("POST", "/token-revocations", {"revoked": True, "live": True}, sequence=4)
    fake.on("GET", "/live", {"live": False, "sequence": 4, "gateways": []})
    result = run("revoke", "eyJ.token")
    assert (result.exit_code, result.stdout) == (0, "revoked; live on 0 of 0 gateways\n")


def test_a_late_gateway_is_told_plainly(run, fake, monkeypatch):
    monkeypatch.setattr(live, "WAIT_SECONDS_MAX", 0.05)
    fake.on("POST", "/token-revocations", {"revoked": True, "live": False}, status=202, sequence=4)
    late = {"id": "embedded", "connected": True, "applied_sequence": 3}
    fake.on("GET", "/live", {"live": False, "sequence": 4, "gateways": [late]})
    result = run("revoke", "eyJ.token")
    assert result.exit_code != 0
    assert "not in force" in result.output
    assert "waiting for embedded" in result.output


def test_revoke_of_no_living_token_is_not_found(run, fake):
    fake.on("POST", "/token-revocations", {"revoked": False})
    result = run("revoke", "eyJ.token")
    assert result.exit_code == 3
    assert "eyJ" not in result.output
    assert run("revoke", "-", stdin="").exit_code == 64


@pytest.fixture
def callable_api(fake, status):
    fake.on("GET", "/status", status)
    fake.on("POST", "/applications/bookworm/tokens", ISSUED)


@pytest.mark.parametrize(
    ("answered", "code"),
    [
        pytest.param(200, 0, id="success"),
        pytest.param(401, 4, id="unauthorized"),
        pytest.param(403, 4, id="forbidden"),
        pytest.param(404, 3, id="absent"),
        pytest.param(429, 1, id="over the limit"),
        pytest.param(503, 5, id="no upstream"),
    ],
)
def test_curl_calls_with_a_token_that_nobody_sees(run, fake, callable_api, answered, code):
    fake.on("GET", "/books/v1/books", {"n": 1}, status=answered, base="")
    result = run("curl", "bookworm", "get", "/books/v1/books?page=2")
    called = fake.requests[-1]
    assert str(called.url) == f"{GATEWAY}/books/v1/books?page=2"
    assert called.headers["Authorization"] == "Bearer eyJ.token"
    assert result.stdout == '{"n": 1}'
    assert f"HTTP {answered}" in result.stderr
    assert "eyJ" not in result.output
    assert result.exit_code == code


def test_curl_sends_a_body_and_headers_to_the_sandbox(run, fake, callable_api):
    fake.on("POST", "/books/v1/books", {"id": "4"}, status=201, base="")
    words = ("-d", "@-", "-H", "X-Trace: 1", "--kind", "sandbox", "--json")
    result = run("curl", "bookworm", "POST", "/books/v1/books", *words, stdin='{"title": "T"}')
    called = fake.requests[-1]
    assert called.url.port == 8081
    assert (called.content, called.headers["X-Trace"]) == (b'{"title": "T"}', "1")
    assert called.headers["Content-Type"] == "application/json"
    assert json.loads(result.stdout)["body"] == '{"id": "4"}'


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("http://evil.example/",), id="other host"),
        pytest.param(("//evil.example/",), id="other authority"),
        pytest.param(("/x", "-H", "Authorization: Bearer other"), id="own token"),
        pytest.param(("/x", "-H", "A: b\r\nC: d"), id="header injection"),
        pytest.param(("/x", "-d", "@absent"), id="no file"),
    ],
)
def test_curl_refuses(run, fake, callable_api, words):
    assert run("curl", "bookworm", "GET", *words).exit_code == 64
    assert fake.calls() == []


def test_curl_says_that_the_gateway_is_away(run, fake, callable_api):
    def fail() -> httpx2.Response:
        raise httpx2.ConnectError("no")

    fake.table["GET", "/x"] = fail
    result = run("curl", "bookworm", "GET", "/x")
    assert result.exit_code == 5
    assert "→ Run `gatewright doctor`." in result.stderr
