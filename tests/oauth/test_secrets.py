"""A secret that was rotated out: valid to its last moment, then like one that never was."""

import hmac
from datetime import timedelta

import pytest
from tests.sts.installation import FORM, PRODUCTION, Installation, Pair, basic

from gatewright.domain.credential import SECRETS_MAX

TOKEN = f"{PRODUCTION}/token"
OVERLAP = timedelta(hours=1)


@pytest.fixture
def rotated(gw: Installation) -> tuple[Pair, Pair]:
    """The old secret, which ends in an hour, and the new one."""
    old = gw.add_pair(gw.add_application())
    new = gw.add_secret(old.credential)
    gw.change("secrets", old.secret_id, expires_at=gw.clock.now + OVERLAP)
    return old, new


def by(gw: Installation, method: str, client_id: str, secret: str, endpoint: str = "token"):
    form = {"grant_type": "client_credentials", "token": "x"}
    headers = []
    if method == "basic":
        headers = [("authorization", basic(client_id, secret))]
    else:
        form |= {"client_id": client_id, "client_secret": secret}
    return gw.post(f"{PRODUCTION}/{endpoint}", form=form, headers=headers)


def test_both_open_until_the_overlap_has_passed(gw: Installation, rotated) -> None:
    old, new = rotated
    gw.clock.pass_by(seconds=3599)
    assert gw.post(TOKEN, old).status == gw.post(TOKEN, new).status == 200
    gw.clock.pass_by(seconds=1)
    assert (gw.post(TOKEN, old).status, gw.post(TOKEN, new).status) == (401, 200)


def test_tokens_of_a_rotated_secret_live_on(gw: Installation, rotated) -> None:
    old, new = rotated
    gw.clock.pass_by(seconds=3599)
    token = gw.token(old)
    gw.clock.pass_by(seconds=60)
    answer = gw.post(f"{PRODUCTION}/introspect", new, form={"token": token})
    assert answer.json["active"] is True


@pytest.mark.parametrize("method", ["basic", "post"])
@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect"])
def test_expired_wrong_and_unknown_are_one_answer_at_one_cost(
    gw: Installation, rotated, endpoint: str, method: str, monkeypatch
) -> None:
    """Status, headers, body, and the hashes and comparisons made, whatever the cause is."""
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda *two: compared.append(1) or real(*two))
    old, _ = rotated
    gw.clock.pass_by(hours=2)
    gw.service.issuer("default", "production")
    callers = {
        "expired": (old.client_id, old.secret),
        "wrong": (old.client_id, "gws_" + "x" * 51),
        "unknown": ("client_" + "0" * 26, old.secret),
        "unknown of another form": ("nobody", old.secret),
    }
    seen = {}
    for cause, (client_id, secret) in callers.items():
        before = gw.keyring.hashes
        compared.clear()
        answer = by(gw, method, client_id, secret, endpoint)
        cost = (gw.keyring.hashes - before, len(compared))
        seen[cause] = (answer.status, answer.headers, answer.body, cost)
    assert seen["expired"][0] == 401
    assert seen["expired"][3] == (len(gw.keyring.peppers), SECRETS_MAX)
    assert all(item == seen["expired"] for item in seen.values()), seen


def test_secret_of_another_client_does_not_open(gw: Installation, rotated) -> None:
    _, new = rotated
    other = gw.add_pair(gw.add_application())
    answer = by(gw, "basic", other.client_id, new.secret)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_two_methods_of_secrets_at_once_are_refused(gw: Installation, rotated) -> None:
    """RFC 6749 §2.3, although each would open alone."""
    _, new = rotated
    body = f"grant_type=client_credentials&client_id={new.client_id}&client_secret={new.secret}"
    headers = [("content-type", FORM), ("authorization", basic(new.client_id, new.secret))]
    answer = gw.call("POST", TOKEN, body.encode(), headers)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
