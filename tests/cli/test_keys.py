"""`gatewright keys` and `revoke --everything`: they end when what they did is in force."""

import itertools

import httpx2
import pytest

from gatewright.interfaces.cli.commands import keys


def key(id="kid-2", state="announced", kind="production", **more):
    return {
        "id": id, "kind": kind, "algorithm": "ES256", "state": state, "backend": "sealed",
        "created_at": "2026-11-24T12:00:00Z", "activates_at": "2026-11-24T13:00:00Z",
        "retired_at": None, "removes_at": None, "public_jwk": {}, **more,
    }  # fmt: skip


def in_turn(fake, path, *answers):
    """One answer after the other; the last one again and again."""
    waiting = itertools.chain(answers, itertools.repeat(answers[-1]))
    fake.table["GET", f"/api/v1{path}"] = lambda: httpx2.Response(200, json=next(waiting))


def test_list_says_what_each_is_for(run, fake):
    old = key("kid-0", "retired", removes_at="2026-11-25T12:05:00Z")
    fake.on("GET", "/keys", {"items": [key(), key("kid-1", "active"), old]})
    lines = run("keys", "list").stdout.splitlines()
    assert [line.split()[1] for line in lines[1:]] == ["announced", "active", "retired"]
    assert lines[1].endswith("signs from 2026-11-24T13:00:00Z")
    assert lines[3].endswith("removed at 2026-11-25T12:05:00Z")


def test_rotate_announces_and_does_not_wait(run, fake):
    fake.on("POST", "/keys/rotations", {"keys": [key()]}, status=201)
    result = run("keys", "rotate", "--kind", "production")
    assert result.exit_code == 0, result.stderr
    assert fake.body() == {"kind": "production", "now": False}
    assert fake.calls() == ["POST /keys/rotations"]
    assert "kid-2 is announced, and signs from 2026-11-24T13:00:00Z" in result.stdout


def test_rotate_now_waits_until_it_signs(run, fake):
    fake.on("POST", "/keys/rotations", {"keys": [key()]}, status=201)
    in_turn(fake, "/keys", {"items": [key()]}, {"items": [key()]},
            {"items": [key(state="active"), key("kid-1", "retired")]})  # fmt: skip
    result = run("keys", "rotate", "--now")
    assert fake.body() == {"now": True}
    assert fake.calls().count("GET /keys") == 3
    assert result.stdout == "production: kid-2 signs (ES256); every connected gateway has it\n"


@pytest.mark.parametrize(("items", "reason"), [
    pytest.param([key()], "no word from a gateway", id="gateway-is-late"),
    pytest.param([key("kid-3")], "another rotation took its place", id="overtaken"),
])  # fmt: skip
def test_what_does_not_come_to_sign_is_told(run, fake, monkeypatch, items, reason):
    monkeypatch.setattr(keys, "WAIT_SECONDS_MAX", 0.05)
    fake.on("POST", "/keys/rotations", {"keys": [key()]}, status=201)
    fake.on("GET", "/keys", {"items": items})
    result = run("keys", "rotate", "--now")
    assert result.exit_code != 0 and reason in result.stderr


@pytest.mark.parametrize("words", [
    pytest.param(("keys", "rotate", "--emergency"), id="rotate"),
    pytest.param(("revoke", "--everything"), id="revoke"),
])  # fmt: skip
def test_the_end_of_every_token_is_confirmed_first_and_then_waited_for(run, fake, words):
    assert run(*words).exit_code != 0 and fake.calls() == []
    fake.on("POST", "/organization/revoke-tokens", {"keys": [key()]}, status=201)
    in_turn(fake, "/keys", {"items": [key()]}, {"items": [key(state="active")]})
    result = run(*words, "--yes")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[0] == (
        "every token that was out is refused by every connected gateway"
    )
    assert fake.calls() == ["POST /organization/revoke-tokens", "GET /keys", "GET /keys"]


def test_revoke_takes_a_token_or_everything(run, fake):
    for words in ((), ("some-token", "--everything", "--yes")):
        assert run("revoke", *words).exit_code != 0
    assert fake.calls() == []
