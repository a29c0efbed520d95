"""`gatewright registration` and `app binding`: what is asked, and what is shown."""

import json

import pytest

WHERE = {
    "enabled": True,
    "endpoints": {
        "production": "http://127.0.0.1:8001/sts/default/production/register",
        "sandbox": "http://127.0.0.1:8001/sts/default/sandbox/register",
    },
}
TOKEN = {
    "id": "iat_1",
    "name": "ci\x1b[2J",
    "kind": "production",
    "hint": "gwi_Ab3…x7q2",
    "owner_id": "usr_1",
    "uses_left": None,
    "usable": True,
    "created_at": "2026-11-24T12:00:00Z",
    "expires_at": None,
    "last_used_at": None,
    "token": None,
}


@pytest.mark.parametrize(("word", "enabled"), [("enable", True), ("disable", False)])
def test_it_is_turned_on_and_off(run, fake, word, enabled):
    fake.on("PATCH", "/registration", {**WHERE, "enabled": enabled})
    result = run("registration", word)
    assert result.exit_code == 0, result.stderr
    assert fake.body() == {"enabled": enabled}
    assert ("/register" in result.stdout) is enabled


def test_a_token_is_shown_once_with_where_to_use_it(run, fake):
    made = {**TOKEN, "token": "gwi_shown-once"}
    fake.on("POST", "/registration/tokens", made, status=201)
    fake.on("GET", "/registration", {**WHERE, "enabled": False})
    result = run("registration", "token", "create", "--name", "ci", "--uses", "0")
    assert fake.body() == {
        "name": "ci",
        "kind": "production",
        "uses": None,
        "expires_in_days": 30,
    }
    assert "gwi_shown-once" in result.stdout
    assert WHERE["endpoints"]["production"] in result.stdout
    assert "gwi_shown-once" not in result.stderr
    assert "next: gatewright registration enable" in result.stderr
    assert json.loads(run("registration", "token", "create", "--json").stdout) == made


def test_tokens_are_listed_by_their_hints(run, fake):
    fake.on("GET", "/registration/tokens", {"items": [TOKEN], "next_cursor": None})
    result = run("registration", "token", "list")
    assert "gwi_Ab3…x7q2" in result.stdout
    assert "no end" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_token_is_revoked_by_its_id(run, fake):
    fake.on("DELETE", "/registration/tokens/iat_1", status=204)
    result = run("registration", "token", "revoke", "iat_1")
    assert result.stdout == "iat_1 is revoked\n"


def test_registered_clients_are_listed(run, fake):
    client = {
        "id": "reg_1",
        "client_id": "client_1",
        "application_id": "app_1",
        "initial_access_token_id": "iat_1",
        "created_at": "2026-11-24T12:00:00Z",
        "metadata": {"token_endpoint_auth_method": "private_key_jwt", "client_name": "a\x1bb"},
    }
    fake.on("GET", "/registration/clients", {"items": [client], "next_cursor": None})
    result = run("registration", "clients")
    assert "client_1" in result.stdout
    assert "\x1b" not in result.stdout


def test_binding_is_demanded(run, fake, credential):
    path = "/applications/bookworm/credentials/production"
    flags = {"dpop_bound_access_tokens": True, "tls_client_certificate_bound_access_tokens": False}
    fake.on("PATCH", path, {**credential, **flags})
    result = run("app", "binding", "bookworm", "--dpop")
    assert result.exit_code == 0, result.stderr
    assert fake.body() == {"dpop_bound_access_tokens": True}
    assert "yes" in result.stdout


def test_binding_without_a_wish_is_a_usage_error(run, fake):
    assert run("app", "binding", "bookworm").exit_code == 64
    assert fake.requests == []
