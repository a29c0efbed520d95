"""`api access`, `api secure`, `api test-key`: what they ask for, and what they warn of."""

import json
import shlex

import pytest

from gatewright.interfaces.cli.failure import ExitCode

ACCESS = {
    "api": "books:v1.0",
    "token_header": "authorization",
    "subscription_required": True,
    "api_keys": False,
    "key_managers": None,
    "revision": 1,
    "warnings": [],
}


def test_access_without_options_shows_it(fake, run):
    fake.on("GET", "/apis/books/access", ACCESS)
    done = run("api", "access", "books")
    assert done.exit_code == 0 and fake.calls() == ["GET /apis/books/access"]
    for words in ("authorization", "required", "refused", "every one"):
        assert words in done.stdout


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (["--token-header", "x-token"], {"token_header": "x-token"}),
        (["--no-subscription"], {"subscription_required": False}),
        (["--subscription"], {"subscription_required": True}),
        (["--api-keys"], {"api_keys": True}),
        (["--no-api-keys"], {"api_keys": False}),
        (["--key-manager", "sts", "--key-manager", "okta"], {"key_managers": ["sts", "okta"]}),
        (["--every-key-manager"], {"key_managers": None}),
        (
            ["--token-header", "x-token", "--no-subscription", "--api-keys"],
            {"token_header": "x-token", "subscription_required": False, "api_keys": True},
        ),
    ],
)
def test_access_sends_what_was_said(fake, run, options, body):
    warning = {"location": "token_header", "message": "Callers are refused."}
    changed = ACCESS | {"key_managers": ["okta", "sts"], "warnings": [warning]}
    fake.on("PATCH", "/apis/books%3Av1.0/access", changed)
    done = run("api", "access", "books:v1.0", *options)
    assert done.exit_code == 0, done.output
    assert fake.body() == body
    assert "warning: token_header: Callers are refused." in done.stderr
    assert "okta, sts" in done.stdout and "api deploy books:v1.0" in done.stderr


def test_one_or_every_key_manager(fake, run):
    done = run("api", "access", "books", "--key-manager", "sts", "--every-key-manager")
    assert done.exit_code == ExitCode.USAGE and fake.calls() == []


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (["--none"], {"security": "none"}),
        (["--oauth2"], {"security": "oauth2"}),
        (["--api-key"], {"api_key": True}),
        (["--no-api-key", "--oauth2"], {"api_key": False, "security": "oauth2"}),
    ],
)
def test_securing_an_operation(fake, run, api, options, body):
    api["operations"][0] = api["operations"][0] | {"anonymous": True}
    warning = {"location": "GET /books", "message": "Anonymous: anybody may call it."}
    fake.on("PATCH", "/apis/books/operations", api | {"warnings": [warning]})
    done = run("api", "secure", "books", "GET /books", *options)
    assert done.exit_code == 0, done.output
    assert fake.body() == {"operation": "GET /books"} | body
    assert "GET /books needs nothing (public)" in done.stdout
    assert "warning: GET /books: Anonymous" in done.stderr


@pytest.mark.parametrize("options", [[], ["--none", "--oauth2"]])
def test_securing_needs_one_wish(fake, run, options):
    done = run("api", "secure", "books", "GET /books", *options)
    assert done.exit_code == ExitCode.USAGE and fake.calls() == []


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ({"alternatives": [["a"]], "api_key": True}, "a | any API key"),
        ({"alternatives": [], "api_key": True}, "any API key"),
        ({"alternatives": [[]], "api_key": True}, "any token | any API key"),
        ({"alternatives": [["a", "b"], ["c"]], "api_key": False}, "a + b | c"),
    ],
)
def test_what_an_operation_needs(fake, run, api, operation, words):
    api["operations"][0] = api["operations"][0] | operation
    fake.on("GET", "/apis/books", api)
    assert words in run("api", "show", "books").stdout


MADE = {
    "test_key": "eyJ.test.key",
    "header": "test-key",
    "api": "books:v1.0",
    "environment": "development",
    "scopes": ["books:read"],
    "url": "http://127.0.0.1:8081/books/v1.0",
    "expires_in": 900,
    "expires_at": "2026-11-24T12:15:00Z",
    "curl": "curl -H 'test-key: eyJ.test.key' http://127.0.0.1:8081/books/v1.0/books",
}


def test_a_test_key_comes_as_a_call(fake, run):
    fake.on("POST", "/apis/books%3Av1.0/test-key", MADE, status=201, sequence=4)
    fake.live(4)
    done = run("api", "test-key", "books:v1.0", "--environment", "development",
               "--scope", "books:read")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert fake.body() == {"environment": "development", "scopes": ["books:read"]}
    assert shlex.split(done.stdout)[:3] == ["curl", "-H", "test-key: eyJ.test.key"]
    assert "eyJ.test.key" not in done.stderr and "books:read" in done.stderr
    whole = run("api", "test-key", "books:v1.0", "--json")
    assert json.loads(whole.stdout) == MADE and fake.body(2) == {}
