"""The introspection endpoint from outside: RFC 7662."""

import jwt
import pytest
from tests.oauth.outsider import IDP, Outsider, exchange
from tests.sts.installation import PRODUCTION, SANDBOX, Installation, Pair, claims, header

from gatewright.domain.environment import Kind
from gatewright.domain.token import RevokedToken

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


def revoke_subject_key(gw: Installation, pair: Pair) -> None:
    gw.add("revoked_tokens", RevokedToken(
        pair.credential.subject_key, gw.organization.id, Kind.PRODUCTION, gw.clock.now,
        gw.clock.now,
    ))  # fmt: skip


@pytest.mark.parametrize("change", [expire, raise_generation, drop_key, revoke_subject_key])
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


# Resource servers


@pytest.fixture
def server(gw: Installation) -> Pair:
    """A client that may ask about every token of its issuer."""
    found = gw.add_pair(gw.add_application())
    gw.change("credentials", found.credential.id, introspects_all=True)
    return found


def test_a_resource_server_is_told_of_every_token(gw, pair, server) -> None:
    token = gw.token(pair)
    answer = gw.post(INTROSPECT, server, form={"token": token})
    assert answer.json["active"] and answer.json["client_id"] == pair.client_id
    assert "gwk" not in answer.json and "gwa" not in answer.json


@pytest.mark.parametrize("change", [expire, raise_generation, drop_key, revoke_subject_key])
def test_a_resource_server_learns_nothing_of_dead_tokens(gw, pair, server, change) -> None:
    token = gw.token(pair)
    change(gw, pair)
    assert gw.post(INTROSPECT, server, form={"token": token}).body == INACTIVE


def test_a_resource_server_learns_nothing_of_a_blocked_application(gw, pair, server) -> None:
    token = gw.token(pair)
    gw.change("applications", pair.credential.application_id, blocked=True)
    assert gw.post(INTROSPECT, server, form={"token": token}).body == INACTIVE


def test_a_resource_server_learns_nothing_of_another_issuer(gw, server) -> None:
    sandbox = gw.add_pair(gw.add_application(), Kind.SANDBOX)
    token = gw.token(sandbox, path=SANDBOX)
    assert gw.post(INTROSPECT, server, form={"token": token}).body == INACTIVE


def test_actors_and_outside_issuers_are_told(gw, pair) -> None:
    token = exchange(gw, pair, Outsider(gw).sign()).json["access_token"]
    told = gw.post(INTROSPECT, pair, form={"token": token}).json
    assert (told["sub"], told["idp"], told["act"]) == ("alice", IDP, {"sub": pair.client_id})


# Signed answers, RFC 9701

SIGNED = "application/token-introspection+jwt"


def ask_signed(gw: Installation, pair: Pair, token: str, accept: str = SIGNED):
    return gw.post(INTROSPECT, pair, form={"token": token}, headers=[("accept", accept)])


def test_a_signed_answer(gw, pair) -> None:
    token = gw.token(pair)
    answer = ask_signed(gw, pair, token)
    assert (answer.status, answer.headers["content-type"]) == (200, SIGNED)
    assert answer.headers["cache-control"] == "no-store"
    (key,) = gw.call("GET", f"{PRODUCTION}/jwks").json["keys"]
    found = jwt.decode(answer.body, jwt.PyJWK(key), audience=pair.client_id, algorithms=["ES256"],
                       options={"verify_iat": False})  # fmt: skip
    plain = gw.post(INTROSPECT, pair, form={"token": token}).json
    assert found == {
        "iss": f"http://sts.test{PRODUCTION}",
        "aud": pair.client_id,
        "iat": int(gw.clock.now.timestamp()),
        "token_introspection": plain,
    }
    assert header(answer.body.decode())["typ"] == "token-introspection+jwt"


def test_a_signed_answer_about_nothing(gw, pair) -> None:
    answer = ask_signed(gw, pair, "x")
    assert claims(answer.body.decode())["token_introspection"] == {"active": False}


@pytest.mark.parametrize(("accept", "signed"), [
    (SIGNED.upper(), True),
    (f"text/html, {SIGNED};q=0.5", True),
    (f"{SIGNED} ; q=1", True),
    (f"{SIGNED};q=0", False),
    (f"{SIGNED};q=0.000", False),
    ("*/*", False),
    ("application/*", False),
    ("application/jwt", False),
    ("application/json", False),
    (f"x{SIGNED}", False),
    ("", False),
])  # fmt: skip
def test_signed_only_when_asked_for(gw, pair, accept: str, signed: bool) -> None:
    answer = ask_signed(gw, pair, gw.token(pair), accept)
    assert (answer.headers["content-type"] == SIGNED) == signed


def test_refusals_are_never_signed(gw, pair) -> None:
    answer = ask_signed(gw, Pair(pair.credential, "wrong", ""), "x")
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_a_signed_answer_opens_nothing(gw, pair, server) -> None:
    """The gateway's checks ignore typ: what refuses it there is the audience and the missing
    subject. Our own endpoints refuse it by its typ."""
    answer = ask_signed(gw, server, gw.token(pair)).body.decode()
    found = claims(answer)
    gateways = {row.gateway_url for row in (gw.environment("production"),)}
    assert not {found["aud"]} & (gateways | {f"urn:gatewright:{gw.environment('production').id}"})
    assert not found.keys() & {"gwk", "gwb", "gwa", "scope", "client_id", "sub", "exp", "jti"}
    assert gw.post(INTROSPECT, server, form={"token": answer}).body == INACTIVE
    assert exchange(gw, server, answer).json["error"] == "invalid_request"
    revoked = gw.post(f"{PRODUCTION}/revoke", server, form={"token": answer})
    assert revoked.status == 200
    with gw.store.read() as tx:
        assert tx.revoked_tokens.count() == 0


def test_an_access_token_is_no_signed_answer(gw, pair) -> None:
    assert header(gw.token(pair))["typ"] == "at+jwt"


def test_without_a_key_nothing_is_signed(gw, pair) -> None:
    with gw.store.read() as tx:
        (key,) = tx.signing_keys.find(kind=Kind.PRODUCTION)
    gw.change("signing_keys", key.id, state="retired")
    assert ask_signed(gw, pair, "x").status == 503
