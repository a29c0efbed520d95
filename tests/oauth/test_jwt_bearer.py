"""The JWT bearer grant from outside: RFC 7523 §2.1."""

import pytest
from tests.crypto.keyholder import Keyholder
from tests.oauth.outsider import BEARER, IDP, ISSUER, Outsider, bear, exchange
from tests.sts.installation import PRODUCTION, Installation, Pair, claims

TOKEN = f"{PRODUCTION}/token"


@pytest.fixture
def idp(gw: Installation) -> Outsider:
    return Outsider(gw)


def test_a_token_about_the_subject(gw, pair, idp) -> None:
    answer = bear(gw, pair, idp.sign())
    found = claims(answer.json["access_token"])
    assert (found["sub"], found["idp"], found["client_id"]) == ("alice", IDP, pair.client_id)
    assert found["scope"] == "books:read books:write" and found["gwk"].startswith(pair.client_id)
    assert "act" not in found and "issued_token_type" not in answer.json


@pytest.mark.parametrize("further", [
    pytest.param({"aud": ISSUER}, id="aud is the issuer"),
    pytest.param({"aud": f"{ISSUER}/token"}, id="aud is the token endpoint"),
    pytest.param({"exp_in": 3600}, id="an hour"),
    pytest.param({"typ": "authorization-grant+jwt"}, id="its own typ"),
    pytest.param({"typ": None}, id="no typ"),
    pytest.param({"iat": None}, id="no iat"),
])  # fmt: skip
def test_accepted(gw, pair, idp, further: dict) -> None:
    assert bear(gw, pair, made(idp, further)).status == 200


def made(idp: Outsider, further: dict) -> str:
    typ, ahead = further.pop("typ", "JWT"), further.pop("exp_in", None)
    if ahead is not None:
        further["exp"] = idp.claims()["iat"] + ahead
    return idp.sign(typ, **further)


def test_never_longer_than_the_assertion(gw, pair, idp) -> None:
    assert bear(gw, pair, made(idp, {"exp_in": 61})).json["expires_in"] == 61
    assert bear(gw, pair, made(idp, {"exp_in": 3000})).json["expires_in"] == 900


def test_its_scopes_limit(gw, pair, idp) -> None:
    assert bear(gw, pair, idp.sign(scope="books:read")).json["scope"] == "books:read"
    asked = bear(gw, pair, idp.sign(scope="books:read"), scope="books:write")
    assert asked.json["error"] == "invalid_scope"


def test_who_may_act_and_who_acted_stay_in_the_token(gw, pair, idp) -> None:
    named = {"sub": pair.client_id}
    first = bear(gw, pair, idp.sign(may_act=named, act={"sub": "svc"})).json["access_token"]
    assert claims(first)["may_act"] == named
    assert claims(first)["act"] == {"iss": IDP, "sub": "svc"}
    other = gw.add_pair(gw.add_application())
    assert exchange(gw, other, first).status == 400


def test_a_jti_is_good_once(gw, pair, idp) -> None:
    assertion = idp.sign(jti="1")
    assert bear(gw, pair, assertion).status == 200
    again = bear(gw, pair, assertion)
    assert (again.status, again.json["error"]) == (400, "invalid_grant")
    assert bear(gw, pair, idp.sign(jti="2")).status == 200
    other = Outsider(gw, "https://other.test")
    assert bear(gw, pair, other.sign(jti="1")).status == 200


def test_a_refused_request_does_not_use_the_assertion_up(gw, pair, idp) -> None:
    assertion = idp.sign(jti="1")
    assert bear(gw, pair, assertion, scope="none").status == 400
    assert bear(gw, pair, assertion).status == 200


@pytest.mark.parametrize(("members", "further"), [
    pytest.param({"jwt_bearer": False}, {}, id="not for this grant"),
    pytest.param({"enabled": False}, {}, id="disabled key manager"),
    pytest.param({}, {"iss": "https://evil.test"}, id="unknown issuer"),
    pytest.param({}, {"iss": ISSUER}, id="in our own name"),
    pytest.param({}, {"iss": None}, id="no issuer"),
    pytest.param({}, {"sub": None}, id="no subject"),
    pytest.param({}, {"sub": "client_01abc"}, id="sub confusion"),
    pytest.param({}, {"aud": None}, id="no audience"),
    pytest.param({}, {"aud": "https://other.test"}, id="audience injection"),
    pytest.param({}, {"aud": f"{ISSUER}/"}, id="issuer with a slash more"),
    pytest.param({}, {"exp": None}, id="no expiry"),
    pytest.param({}, {"exp": 1}, id="expired"),
    pytest.param({}, {"exp_in": 0}, id="expires now"),
    pytest.param({}, {"exp_in": 3601}, id="lives too long"),
    pytest.param({}, {"exp": 1e400}, id="endless"),
    pytest.param({}, {"nbf": 4_000_000_000}, id="not yet valid"),
    pytest.param({}, {"iat": 4_000_000_000}, id="made in the future"),
    pytest.param({}, {"jti": 7}, id="jti is a number"),
    pytest.param({}, {"jti": "x" * 300}, id="endless jti"),
    pytest.param({}, {"typ": "at+jwt"}, id="an access token"),
    pytest.param({}, {"typ": "dpop+jwt"}, id="a DPoP proof"),
    pytest.param({}, {"typ": "client-authentication+jwt"}, id="a client assertion"),
    pytest.param({}, {"cnf": {"jkt": "x"}}, id="bound to a key that is not proven"),
    pytest.param({}, {"may_act": {"sub": "client_other"}}, id="another may act"),
    pytest.param({}, {"may_act": {"sub": "alice"}}, id="only the subject may act"),
    pytest.param({}, {"may_act": {"iss": IDP, "sub": "svc"}}, id="somebody outside may act"),
    pytest.param({}, {"may_act": "x"}, id="may_act is text"),
    pytest.param({}, {"act": "x"}, id="act is text"),
])  # fmt: skip
def test_refused(gw, pair, members: dict, further: dict) -> None:
    answer = bear(gw, pair, made(Outsider(gw, **members), dict(further)))
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("attack", [
    pytest.param({"alg": "none"}, id="alg none"),
    pytest.param({"alg": "HS256"}, id="HMAC with the public key"),
    pytest.param({"crit": ["exp"]}, id="crit"),
    pytest.param({"b64": False}, id="b64"),
    pytest.param({"zip": "DEF"}, id="zip"),
    pytest.param({"kid": "other"}, id="unknown kid"),
])  # fmt: skip
def test_header_attacks(gw, pair, idp, attack: dict) -> None:
    assertion = idp.key.sign(idp.claims(), **attack)
    assert bear(gw, pair, assertion).json["error"] == "invalid_grant"


def test_keys_out_of_the_header_take_no_part(gw, pair, idp) -> None:
    evil = Keyholder()
    for brought in ({"jwk": evil.jwk()}, {"jku": "https://evil.test/jwks"}, {"x5c": ["x"]}):
        assertion = evil.sign(idp.claims(), **brought)
        assert bear(gw, pair, assertion).json["error"] == "invalid_grant"


def test_the_client_authenticates_besides(gw, pair, idp) -> None:
    for caller in (None, Pair(pair.credential, "wrong", "")):
        assert bear(gw, caller, idp.sign()).json["error"] == "invalid_client"


def test_without_an_assertion(gw, pair) -> None:
    answer = gw.post(TOKEN, pair, form={"grant_type": BEARER})
    assert answer.json["error"] == "invalid_request"


def test_disabling_a_key_manager_acts_at_once(gw, pair, idp) -> None:
    assert bear(gw, pair, idp.sign()).status == 200
    gw.change("key_managers", idp.row.id, enabled=False)
    assert bear(gw, pair, idp.sign()).json["error"] == "invalid_grant"
    assert exchange(gw, pair, idp.sign()).json["error"] == "invalid_request"
