"""`app key …`, `api-keys …`: what they ask for, what they show, and that a key shows once."""

import json

import httpx2
import pytest

from gatewright.interfaces.cli.failure import ExitCode

PATH = "/applications/bookworm/api-keys"
KEY = {
    "id": "key_1",
    "name": "till",
    "kind": "production",
    "hint": "gwk_eyJ…x7q2",
    "scopes": None,
    "state": "active",
    "created_at": "2026-11-24T12:00:00Z",
    "expires_at": None,
    "revoked_at": None,
    "expires_soon": False,
    "header": "api-key",
    "key": None,
}
CLEAR = "gwk_eyJ.the-key.itself"


def test_a_key_is_made_and_waited_for(fake, run):
    fake.on("POST", PATH, KEY | {"key": CLEAR}, status=201, sequence=7)
    fake.live(7)
    done = run("app", "key", "create", "bookworm", "--name", "till", "--scope", "a", "--scope", "b",
               "--expires-in-days", "30")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert fake.body() == {
        "kind": "production", "name": "till", "scopes": ["a", "b"], "expires_in_days": 30,
    }  # fmt: skip
    assert CLEAR in done.stdout and "api-key" in done.stderr and CLEAR not in done.stderr


def test_without_options_little_is_sent(fake, run):
    fake.on("POST", PATH, KEY | {"key": CLEAR}, status=201, sequence=7)
    done = run("app", "key", "create", "bookworm", "--kind", "sandbox", "--no-wait", "--json")
    assert json.loads(done.stdout)["key"] == CLEAR
    assert fake.body() == {"kind": "sandbox", "name": "key"}
    assert fake.calls() == [f"POST {PATH}"]


def test_a_key_that_no_gateway_has_yet_is_still_shown(fake, run, monkeypatch):
    monkeypatch.setattr("gatewright.interfaces.cli.live.WAIT_SECONDS_MAX", 0.01)
    fake.on("POST", PATH, KEY | {"key": CLEAR}, status=201, sequence=7)
    fake.live(7, live=False, applied=6)
    done = run("app", "key", "create", "bookworm")
    assert done.exit_code == ExitCode.ERROR and "not in force" in done.stderr
    assert CLEAR in done.stdout, "it is shown only once"
    whole = json.loads(run("app", "key", "create", "bookworm", "--json").stdout)
    assert whole["made"]["key"] == CLEAR and whole["error"]["code"] == "not-live"
    fake.breaks("GET", "/live", httpx2.ConnectError("gone"))
    done = run("app", "key", "create", "bookworm")
    assert done.exit_code == ExitCode.UNREACHABLE and CLEAR in done.stdout


def test_the_list_shows_hints(fake, run):
    ending = KEY | {"id": "key_2", "scopes": ["a"], "expires_soon": True,
                    "expires_at": "2026-12-01T00:00:00Z"}  # fmt: skip
    gone = KEY | {"id": "key_3", "state": "revoked", "scopes": []}
    fake.on("GET", PATH, {"items": [KEY, ending, gone], "next_cursor": None})
    done = run("app", "key", "list", "bookworm")
    assert "gwk_eyJ…x7q2" in done.stdout and "active, expires soon" in done.stdout
    assert "revoked" in done.stdout and "never" in done.stdout
    fake.on("GET", PATH, {"items": [], "next_cursor": None})
    assert "app key create bookworm" in run("app", "key", "list", "bookworm").stderr


@pytest.mark.parametrize(
    ("overlap", "seconds", "words"),
    [(None, 0, "has ended"), ("24h", 86_400, "works until 2026-11-25")],
)
def test_regenerating(fake, run, overlap, seconds, words):
    old = KEY | {"state": "revoked"}
    if overlap:
        old = KEY | {"expires_at": "2026-11-25T12:00:00Z"}
    answer = KEY | {"id": "key_2", "key": CLEAR, "old": old}
    fake.on("POST", f"{PATH}/key_1/regenerate", answer, status=201, sequence=7)
    fake.live(7)
    options = ["--overlap", overlap] if overlap else []
    done = run("app", "key", "regenerate", "bookworm", "key_1", *options)
    assert done.exit_code == 0, done.output
    assert fake.body() == {"overlap_seconds": seconds}
    assert CLEAR in done.stdout and words in done.stderr


@pytest.mark.parametrize("overlap", ["soon", "5", "-1d"])
def test_an_overlap_that_is_none(fake, run, overlap):
    done = run("app", "key", "regenerate", "bookworm", "key_1", f"--overlap={overlap}")
    assert done.exit_code == ExitCode.USAGE and fake.calls() == []


def test_revoking_ends_when_the_gateways_have_it(fake, run):
    fake.on("POST", f"{PATH}/till/revoke", KEY | {"state": "revoked", "live": True}, sequence=9)
    fake.live(9)
    done = run("app", "key", "revoke", "bookworm", "till")
    assert "key_1 is revoked; live on 1 of 1 gateways" in done.stdout


def test_a_new_signer_is_asked_for_twice(fake, run):
    answer = {"kind": "sandbox", "signer": "kid", "ended": 3, "live": True}
    fake.on("POST", "/api-keys/rotate-signer", answer, sequence=9)
    fake.live(9)
    assert run("api-keys", "rotate-signer").exit_code == ExitCode.USAGE, "of which kind?"
    assert run("api-keys", "rotate-signer", "--kind", "sandbox").exit_code == ExitCode.USAGE
    assert fake.calls() == []
    done = run("api-keys", "rotate-signer", "--kind", "sandbox", "--yes")
    assert "3 API keys of sandbox, and all its test keys, have ended" in done.stdout
    assert fake.body() == {"kind": "sandbox"}
