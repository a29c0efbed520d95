"""The introspection endpoint from outside: RFC 7662."""

import pytest
from tests.sts.installation import PRODUCTION, SANDBOX, Installation, Pair, claims

from gatewright.domain.environment import Kind

INTROSPECT = f"{PRODUCTION}/introspect"
INACTIVE = b'{"active":false}'


def test_ones_own_token_is_told_whole(gw: Installation, pair: Pair) -> None:
    token = gw.token(pair, "books:read")
    answer = gw.post(INTROSPECT, pair, form={"token": token, "token_type_hint": "nonsense"})
    assert answer.status == 200 and answer.headers["cache-control"] == "no-store"
    told = claims(token)
    told.pop("gwk")
    assert answer.json == {"active": True, "token_type": "Bearer"} | told


def expire(gw: Installation, pair: Pair) -> None:
    gw.clock.pass_by(seconds=900)


def raise_generation(gw: Installation, pair: Pair) -> None:
    gw.change("credentials", pair.credential.id, generation=2)


def drop_key(gw: Installation, pair: Pair) -> None:
    with gw.store.write() as tx:
        tx.signing_keys.remove(tx.signing_keys.find(kind=Kind.PRODUCTION)[0].id)


@pytest.mark.parametrize("change", [expire, raise_generation, drop_key])
def test_dead_tokens_are_inactive_and_nothing_more(
    gw: Installation, pair: Pair, change: object
) -> None:
    token = gw.token(pair)
    change(gw, pair)
    answer = gw.post(INTROSPECT, pair, form={"token": token})
    assert (answer.status, answer.body) == (200, INACTIVE)


def test_tokens_live_until_the_second_they_expire(gw: Installation, pair: Pair) -> None:
    token = gw.token(pair)
    gw.clock.pass_by(seconds=899)
    assert gw.post(INTROSPECT, pair, form={"token": token}).json["active"]


def test_retired_keys_still_verify(gw: Installation, pair: Pair) -> None:
    token = gw.token(pair)
    with gw.store.read() as tx:
        (key,) = tx.signing_keys.find(kind=Kind.PRODUCTION)
    gw.change("signing_keys", key.id, state="retired")
    assert gw.post(INTROSPECT, pair, form={"token": token}).json["active"]


def test_tokens_of_others_read_as_unknown(gw: Installation, pair: Pair) -> None:
    other = gw.add_pair(gw.add_application())
    answer = gw.post(INTROSPECT, pair, form={"token": gw.token(other)})
    assert (answer.status, answer.body) == (200, INACTIVE)


def test_tokens_of_the_other_kind_read_as_unknown(gw: Installation, pair: Pair) -> None:
    sandbox = gw.add_pair(gw.add_application(), Kind.SANDBOX)
    token = gw.token(sandbox, path=SANDBOX)
    assert gw.post(INTROSPECT, pair, form={"token": token}).body == INACTIVE
    assert gw.post(f"{SANDBOX}/introspect", sandbox, form={"token": token}).json["active"]


def test_callers_must_authenticate(gw: Installation, pair: Pair) -> None:
    token = gw.token(pair)
    for caller in (None, Pair(pair.credential, "wrong", "")):
        answer = gw.post(INTROSPECT, caller, form={"token": token})
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    bearer = gw.post(
        INTROSPECT, form={"token": token}, headers=[("authorization", f"Bearer {token}")]
    )
    assert bearer.status == 401


def test_a_blocked_application_learns_nothing(gw: Installation, pair: Pair) -> None:
    token = gw.token(pair)
    gw.change("applications", pair.credential.application_id, blocked=True)
    answer = gw.post(INTROSPECT, pair, form={"token": token})
    assert (answer.status, answer.json["error"]) == (400, "unauthorized_client")


def test_token_is_required(gw: Installation, pair: Pair) -> None:
    answer = gw.post(INTROSPECT, pair, form={})
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
