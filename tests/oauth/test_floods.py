"""Floods: who is slowed, who is not, and what of it is counted and told."""

import threading
import time
from datetime import timedelta

import pytest
from tests.crypto.holder import Holder
from tests.sts.installation import PRODUCTION, STS_URL, basic

from gatewright.interfaces.oauth import app as oauth
from gatewright.interfaces.oauth import turn
from gatewright.interfaces.oauth.app import create_app
from gatewright.interfaces.oauth.readers import (
    BODY_SECONDS_MAX,
    PATIENCE_SECONDS,
    SLOW_SECONDS,
    Readers,
)
from gatewright.observability.metrics import Account, load
from gatewright.sts import traffic
from gatewright.sts.limits import MALFORMED, Rate
from gatewright.sts.service import TokenService

TOKEN = f"{PRODUCTION}/token"


@pytest.fixture
def busy(gw, tmp_path):
    """A worker that answers a client five times a second and tells of every token."""
    gw._service = TokenService(
        gw.store, gw.keyring, gw.world, STS_URL, gw.log.emit,
        client_rate=Rate(5, 5), report_rows=gw.log.emit_rows,
    )  # fmt: skip
    gw.account = tmp_path / "sts-1.json"
    gw.app = create_app(gw._service, gw.log, account=Account(gw.account))
    return gw


def other_pair(gw):
    application = gw.add_application()
    gw.subscribe(application, "books")
    return gw.add_pair(application)


def events(gw, name):
    gw.app.chores.tick()
    return [line for line in gw.lines if line["event"] == name]


def text(gw):
    return gw.app.chores.totals().as_text()


def test_who_guesses_in_a_clients_name_locks_only_himself_out(gw, pair) -> None:
    assert gw.post(TOKEN, pair).status == 200
    wrong = type(pair)(pair.credential, "gws_wrong", "")
    answers = [gw.post(TOKEN, wrong).status for _ in range(30)]
    assert set(answers) == {401, 429} and answers[-1] == 429
    assert gw.post(TOKEN, pair).status == 200


def test_a_client_over_its_rate_is_told_to_wait_before_any_hash(busy, pair) -> None:
    other = other_pair(busy)
    assert [busy.post(TOKEN, pair).status for _ in range(5)] == [200] * 5
    hashes = busy.keyring.hashes
    answer = busy.post(TOKEN, pair)
    assert answer.status == 429 and answer.headers["retry-after"] == "1"
    assert answer.json["error"] == "temporarily_unavailable"
    assert busy.keyring.hashes == hashes
    assert busy.post(TOKEN, other).status == 200
    busy.clock.pass_by(seconds=0.2)
    assert [busy.post(TOKEN, pair).status for _ in range(2)] == [200, 429]


def test_wrong_secrets_do_not_use_a_clients_rate_up(busy, pair) -> None:
    for _ in range(10):
        header = ("authorization", basic(pair.client_id, "wrong"))
        assert busy.post(TOKEN, headers=[header], address="203.0.113.9").status == 401
    assert busy.post(TOKEN, pair).status == 200


def test_malformed_requests_of_one_address_are_slowed(busy, pair) -> None:
    statuses = [busy.post(TOKEN, form=b"grant_type=a&grant_type=b", address="203.0.113.9").status
                for _ in range(int(MALFORMED.burst) + 5)]  # fmt: skip
    assert statuses == [400] * int(MALFORMED.burst) + [429] * 5
    assert busy.post(TOKEN, form=b"scope=a&scope=b", address="203.0.113.8").status == 400
    assert busy.post(TOKEN, pair, address="203.0.113.9").status == 200


def test_bodies_that_are_too_large_count_as_malformed(busy) -> None:
    raw = [("content-length", "99999"), ("content-type", "x")]
    statuses = [busy.call("POST", TOKEN, headers=raw).status
                for _ in range(int(MALFORMED.burst) + 1)]  # fmt: skip
    assert statuses[-2:] == [413, 429]


def test_every_token_is_told_without_the_token(busy, pair) -> None:
    token = busy.token(pair, "books:read")
    (line,) = events(busy, "token.issued")
    assert line == {
        "at": "2026-11-24T12:00:00Z", "level": "info", "part": "sts", "event": "token.issued",
        "issuer": f"{STS_URL}{PRODUCTION}", "client_id": pair.client_id, "jti": line["jti"],
        "grant": "client_credentials", "scopes": 1,
    }  # fmt: skip
    assert len(line["jti"]) == 22
    assert token.split(".")[2] not in str(busy.lines) and pair.secret not in str(busy.lines)
    assert events(busy, "token.issued") == [line], "told once"


def test_token_events_that_wait_are_bounded(busy, pair, monkeypatch) -> None:
    monkeypatch.setattr(traffic, "WAITING_MAX", 2)
    for _ in range(5):
        busy.token(pair)
    assert len(events(busy, "token.issued")) == 2
    assert [line["count"] for line in events(busy, "events.lost")] == [3]
    assert "gatewright_sts_events_lost_total 3\n" in text(busy)


def test_token_events_can_be_left_out(gw, pair) -> None:
    gw.token(pair)
    assert not events(gw, "token.issued")
    gw.app.chores.finish()
    assert [line["count"] for line in events(gw, "tokens.issued")] == [1]


def test_what_is_counted(busy, pair) -> None:
    busy.post(TOKEN, headers=[("authorization", basic("nobody", "x"))])
    busy.post(TOKEN, headers=[("authorization", basic(pair.client_id, "x"))])
    for _ in range(6):
        busy.post(TOKEN, pair)
    busy.clock.pass_by(seconds=1)
    busy.post(TOKEN, pair, form={"grant_type": "password"})
    busy.post(f"{PRODUCTION}/introspect", pair, form={"token": "x"})
    shown = text(busy)
    labels = f'issuer="{STS_URL}{PRODUCTION}",client="{pair.client_id}",grant="client_credentials"'
    tokens = f"sts_tokens_issued_total{{{labels}}} 5"
    for line in (
        'sts_requests_total{endpoint="token",outcome="ok"} 5',
        'sts_requests_total{endpoint="token",outcome="temporarily_unavailable"} 1',
        'sts_requests_total{endpoint="token",outcome="unsupported_grant_type"} 1',
        'sts_requests_total{endpoint="introspect",outcome="ok"} 1',
        tokens,
        'sts_refusals_total{reason="too-many-requests",client="known"} 1',
        'sts_refusals_total{reason="invalid-client",client="known"} 1',
        'sts_refusals_total{reason="invalid-client",client="unknown"} 1',
        'sts_refusals_total{reason="unsupported-grant-type",client="known"} 1',
        "sts_request_seconds_count 10",
    ):
        assert f"gatewright_{line}\n" in shown, line


def test_numbers_go_on_where_the_last_worker_stood(busy, pair) -> None:
    busy.token(pair)
    busy.app.chores.finish()
    busy._service.state.close()
    busy._service = TokenService(busy.store, busy.keyring, busy.world, STS_URL, busy.log.emit)
    busy.app = create_app(busy._service, busy.log, account=Account(busy.account))
    busy.token(pair)
    for _ in range(2):  # however often they are written
        busy.app.chores.finish()
    assert 'endpoint="token",outcome="ok"} 2\n' in load(busy.account).as_text()


def test_numbers_that_can_not_be_written_end_nobody(busy, pair) -> None:
    busy.account.mkdir()
    busy.token(pair)
    busy.app.chores.finish()
    assert [line["where"] for line in events(busy, "part.failed")] == ["metrics"]


def test_who_waits_too_long_for_a_turn_is_sent_away(busy, pair, monkeypatch) -> None:
    monkeypatch.setattr(turn, "WAIT_SECONDS_MAX", 0.05)
    with busy.app._turn:
        answers = []
        asking = threading.Thread(target=lambda: answers.append(busy.post(TOKEN, pair)))
        asking.start()
        asking.join(10)
    assert answers[0].status == 503 and answers[0].headers["retry-after"] == "1"
    assert busy.post(TOKEN, pair).status == 200
    assert "gatewright_sts_wait_seconds_count 1\n" in text(busy)


def test_too_many_that_wait_for_the_database_are_sent_away(busy, pair) -> None:
    living = busy.token(pair)
    for _ in range(oauth.OUTSIDE_MAX):
        busy.app._outside.acquire()
    revoke = f"{PRODUCTION}/revoke"
    assert busy.post(revoke, pair, form={"token": living}).status == 503
    assert busy.post(TOKEN, pair).status == 200
    busy.app._outside.release()
    assert busy.post(revoke, pair, form={"token": living}).status == 200


def test_revocations_that_wait_for_a_gateway_leave_room_for_bound_tokens(busy, pair) -> None:
    living, holder = busy.token(pair), Holder()
    for _ in range(oauth.REVOCATIONS_MAX):
        busy.app._revoking.acquire()
    assert busy.post(f"{PRODUCTION}/revoke", pair, form={"token": living}).status == 503
    proof = holder.proof(busy.clock().timestamp(), htm="POST", htu=f"{STS_URL}{TOKEN}")
    assert busy.post(TOKEN, pair, headers=[("dpop", proof)]).status == 200
    busy.app._revoking.release()
    assert busy.post(f"{PRODUCTION}/revoke", pair, form={"token": living}).status == 200
    assert busy.app._outside._value == oauth.OUTSIDE_MAX


def test_a_block_is_seen_at_once_or_after_the_lag(gw, pair) -> None:
    gw._service = TokenService(gw.store, gw.keyring, gw.world, STS_URL, gw.log.emit,
                               lag_max=timedelta(milliseconds=1))  # fmt: skip
    gw.app = create_app(gw._service, gw.log)
    assert gw.post(TOKEN, pair).status == 200
    gw.change("applications", pair.credential.application_id, blocked=True)
    assert gw.post(TOKEN, pair).status == 200, "within the lag"
    gw.clock.pass_by(milliseconds=1)
    assert gw.post(TOKEN, pair).status == 400


def test_a_new_key_works_at_once_within_the_lag(gw, pair) -> None:
    gw._service = TokenService(gw.store, gw.keyring, gw.world, STS_URL, gw.log.emit,
                               lag_max=timedelta(hours=1))  # fmt: skip
    gw.app = create_app(gw._service, gw.log)
    assert gw.post(TOKEN, pair).status == 200
    assert gw.post(TOKEN, other_pair(gw)).status == 200


def test_introspection_never_lags(gw, pair) -> None:
    gw._service = TokenService(gw.store, gw.keyring, gw.world, STS_URL, gw.log.emit,
                               lag_max=timedelta(hours=1))  # fmt: skip
    gw.app = create_app(gw._service, gw.log)
    token = gw.token(pair)
    assert gw.post(f"{PRODUCTION}/revoke", pair, form={"token": token}).status == 200
    asked = gw.post(f"{PRODUCTION}/introspect", pair, form={"token": token})
    assert asked.json == {"active": False}


class Wire:
    def __init__(self):
        self.status = None

    def response_bytes(self, status, headers, body):
        self.status = status


def test_only_the_address_with_too_many_bodies_is_refused() -> None:
    readers = Readers(2)
    first, second, other = readers.enter("a"), readers.enter("a"), readers.enter("b")
    assert first and second and other, "another address has its own bound"
    assert readers.enter("a") is None
    readers.leave(first)
    assert readers.enter("a"), "one has left"


def test_a_busy_address_is_not_taken_for_a_slow_one() -> None:
    readers = Readers(2)
    first, second = readers.enter("a"), readers.enter("a")
    leaving = threading.Timer(PATIENCE_SECONDS / 10, lambda: readers.leave(first))
    leaving.start()
    third = readers.enter("a")
    leaving.join()
    assert third, "one of those that came in whole has left meanwhile"
    for reading in (second, third):
        readers.leave(reading)
    assert not readers._readings and not readers._waiting


def test_nobody_waits_for_slow_bodies() -> None:
    now = [0.0]
    readers = Readers(2, lambda: now[0])
    slow = [readers.enter("a"), readers.enter("a")]
    now[0] = SLOW_SECONDS
    began = time.monotonic()
    assert readers.enter("a") is None
    assert time.monotonic() - began < PATIENCE_SECONDS, "the thread is free at once"
    assert all(slow)


def test_a_body_has_its_time() -> None:
    now = [0.0]
    readers = Readers(100, lambda: now[0])
    first, second = readers.enter("a", Wire()), readers.enter("b")
    now[0] = BODY_SECONDS_MAX - 0.1
    third = readers.enter("a", Wire())
    assert readers.overdue() == []
    now[0] = BODY_SECONDS_MAX
    assert readers.overdue() == [first], "none without a connection can be ended"
    assert first.was_ended and not third.was_ended
    assert readers.overdue() == [], "told once"
    for reading in (first, second, third):
        readers.leave(reading)
    assert not readers._readings
