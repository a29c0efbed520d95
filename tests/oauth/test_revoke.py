"""The revocation endpoint from outside: RFC 7009."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.sts.installation import PRODUCTION, SANDBOX, Installation, Pair, claims

from gatewright.domain.environment import Kind
from gatewright.domain.errors import Unavailable
from gatewright.domain.observed import GatewayNode
from gatewright.store.applied import Applied
from gatewright.sts import revoke

REVOKE = f"{PRODUCTION}/revoke"


def active(gw: Installation, pair: Pair, token: str, path: str = PRODUCTION) -> bool:
    return gw.post(f"{path}/introspect", pair, form={"token": token}).json["active"]


@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "nonsense"])
def test_revoking_ones_own_token(gw: Installation, pair: Pair, hint: str | None) -> None:
    token = gw.token(pair)
    assert active(gw, pair, token)
    form = {"token": token} | ({"token_type_hint": hint} if hint else {})
    answer = gw.post(REVOKE, pair, form=form)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert not active(gw, pair, token)


def test_what_is_written(gw: Installation, pair: Pair) -> None:
    token = gw.token(pair)
    for _ in range(2):
        assert gw.post(REVOKE, pair, form={"token": token}).status == 200
    with gw.store.read() as tx:
        (row,), (record,) = tx.revoked_tokens.find(), tx.audit_records.find()
    found = claims(token)
    assert (row.id, row.kind, row.organization_id) == (
        found["jti"], Kind.PRODUCTION, gw.organization.id,
    )  # fmt: skip
    assert row.expires_at.timestamp() == found["exp"]
    assert (record.action, record.subject, record.actor) == (
        "token.revoke", row.id, pair.client_id,
    )  # fmt: skip
    assert token not in str(record)


@pytest.mark.parametrize("token", [
    pytest.param("nonsense", id="no token"),
    pytest.param("a.b.c", id="three parts"),
    pytest.param("x" * 9000, id="oversized"),
])  # fmt: skip
def test_unknown_tokens_are_answered_as_revoked(gw: Installation, pair: Pair, token: str) -> None:
    answer = gw.post(REVOKE, pair, form={"token": token})
    assert (answer.status, answer.body) == (200, b"")
    with gw.store.read() as tx:
        assert tx.revoked_tokens.count() == 0


def test_an_expired_token_needs_no_revocation(gw: Installation, pair: Pair) -> None:
    token = gw.token(pair)
    gw.clock.pass_by(seconds=900)
    assert gw.post(REVOKE, pair, form={"token": token}).status == 200
    with gw.store.read() as tx:
        assert tx.revoked_tokens.count() == 0


def test_another_clients_token_is_refused_and_lives_on(gw: Installation, pair: Pair) -> None:
    other = gw.add_pair(gw.add_application())
    token = gw.token(other)
    answer = gw.post(REVOKE, pair, form={"token": token})
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
    assert active(gw, other, token)


def test_a_token_of_the_other_issuer_is_unknown(gw: Installation, pair: Pair) -> None:
    application = gw.add_application()
    production, sandbox = gw.add_pair(application), gw.add_pair(application, Kind.SANDBOX)
    token = gw.token(production)
    assert gw.post(f"{SANDBOX}/revoke", sandbox, form={"token": token}).status == 200
    assert active(gw, production, token)


def test_token_is_required(gw: Installation, pair: Pair) -> None:
    for form in ({}, {"token": ""}, {"token": ["a", "b"]}):
        answer = gw.post(REVOKE, pair, form=form)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_clients_authenticate_as_at_the_token_endpoint(gw: Installation, pair: Pair) -> None:
    token = gw.token(pair)
    for answer in (
        gw.post(REVOKE, form={"token": token}),
        gw.post(REVOKE, Pair(pair.credential, "wrong", ""), form={"token": token}),
    ):
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic ")
    in_body = {"token": token, "client_id": pair.client_id, "client_secret": pair.secret}
    assert gw.post(REVOKE, form=in_body).status == 200
    assert not active(gw, pair, token)


def test_a_database_that_is_away_is_told(gw: Installation, pair: Pair, monkeypatch) -> None:
    token = gw.token(pair)

    def away() -> None:
        raise Unavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(gw.store, "write", away)
        answer = gw.post(REVOKE, pair, form={"token": token})
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert gw.post(REVOKE, pair, form={"token": token}).status == 200
    assert not active(gw, pair, token)


def gateway(gw: Installation, *, applied: int, seconds_ago: int = 0, kind: str = "production"):
    """A connected gateway of that kind's environment that reported so long ago."""
    seen_at = gw.clock.now - timedelta(seconds=seconds_ago)
    place = frozenset({gw.environment(kind).id})
    return gw.add(
        "gateway_nodes", GatewayNode("node-1", place, True, seen_at, "1.40.0", applied, "")
    )  # fmt: skip


def impatient(gw: Installation) -> None:
    gw.service.applied = Applied(gw.store, gw.clock, patience_seconds=0.05)


def test_it_is_answered_when_the_connected_gateway_has_it(gw: Installation, pair: Pair) -> None:
    token = gw.token(pair)
    node = gateway(gw, applied=1)
    answers: list = []
    ask = threading.Thread(
        target=lambda: answers.append(gw.post(REVOKE, pair, form={"token": token}))
    )
    ask.start()
    while not revoked(gw):
        time.sleep(0.002)
    time.sleep(0.05)
    assert answers == []
    with gw.store.write() as tx:
        tx.gateway_nodes.replace(replace(node, applied_sequence=tx.sequence))
    ask.join(5)
    assert [item.status for item in answers] == [200]


def test_a_gateway_that_is_late_is_told_and_asking_again_waits_again(
    gw: Installation, pair: Pair
) -> None:
    token = gw.token(pair)
    node = gateway(gw, applied=1)
    impatient(gw)
    for _ in range(2):
        answer = gw.post(REVOKE, pair, form={"token": token})
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert not active(gw, pair, token)
    with gw.store.read() as tx:
        assert (tx.revoked_tokens.count(), tx.audit_records.count()) == (1, 1)
        sequence = tx.sequence
    with gw.store.write() as tx:
        tx.gateway_nodes.replace(replace(node, applied_sequence=sequence))
    assert gw.post(REVOKE, pair, form={"token": token}).status == 200


@pytest.mark.parametrize("node", [
    pytest.param({"applied": 10**9}, id="it is ahead"),
    pytest.param({"applied": 1, "kind": "development"}, id="it serves the other kind"),
    pytest.param({"applied": 1, "seconds_ago": 60}, id="it was not heard of lately"),
])  # fmt: skip
def test_no_other_gateway_is_waited_for(gw: Installation, pair: Pair, node: dict) -> None:
    token = gw.token(pair)
    gateway(gw, **node)
    impatient(gw)
    assert gw.post(REVOKE, pair, form={"token": token}).status == 200


def test_without_its_audit_record_nothing_is_revoked(
    gw: Installation, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = gw.token(pair)

    def fails(*_: object) -> None:
        raise Unavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(revoke, "AuditRecord", fails)
        assert gw.post(REVOKE, pair, form={"token": token}).status == 503
    assert not revoked(gw)
    assert active(gw, pair, token)


def revoked(gw: Installation) -> int:
    with gw.store.read() as tx:
        return tx.revoked_tokens.count()
