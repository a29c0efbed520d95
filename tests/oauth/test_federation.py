"""Workloads that an outside issuer vouches for: no secret is kept, and no pattern is too kind."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.crypto.keyholder import Keyholder
from tests.oauth.issuers import FakeIssuer, fake_issuer
from tests.oauth.test_assertions import ISSUER, SAME, TOKEN, form
from tests.sts.installation import PRODUCTION, SANDBOX, STS_URL, Installation, Pair, claims

from gatewright.domain.authenticator import Method
from gatewright.domain.environment import Kind
from gatewright.main.outside import key_fetch
from gatewright.main.world import real_world

OUTSIDE = "https://token.actions.test"
HOLDER, OTHER = Keyholder("RS256"), Keyholder("RS256")
SUBJECT = "repo:org/x:ref:refs/heads/main"


def trust(gw: Installation, pair: Pair, expires_at=None, **settings: str):
    right = {"issuer": OUTSIDE, "subject": "repo:org/x:ref:refs/heads/*", "jwks": HOLDER.jwks()}
    found = {name: value for name, value in (right | settings).items() if value}
    return gw.add_authenticator(pair.credential, Method.FEDERATED, expires_at, **found)


def told(gw: Installation, **changes) -> dict:
    now = int(gw.clock.now.timestamp())
    right = {"iss": OUTSIDE, "sub": SUBJECT, "aud": ISSUER, "iat": now, "exp": now + 600}
    return {name: value for name, value in (right | changes).items() if value is not None}


def send(gw: Installation, pair: Pair, jwt: str, path: str = TOKEN, **further):
    return gw.post(path, form=form(jwt, client_id=pair.client_id, **further))


@pytest.fixture
def trusting(gw: Installation, pair: Pair) -> Pair:
    trust(gw, pair)
    return pair


def test_a_trusted_workload_gets_a_token(gw: Installation, trusting: Pair) -> None:
    answer = send(gw, trusting, HOLDER.sign(told(gw), typ="JWT"))
    assert answer.status == 200, answer.body
    found = claims(answer.json["access_token"])
    assert (found["client_id"], found["sub"]) == (trusting.client_id, trusting.client_id)


def test_the_same_jwt_may_come_again(gw: Installation, trusting: Pair) -> None:
    jwt = HOLDER.sign(told(gw, jti="j1"))
    for path in (TOKEN, TOKEN, f"{PRODUCTION}/revoke", f"{PRODUCTION}/introspect"):
        assert send(gw, trusting, jwt, path, token="x").status == 200


@pytest.mark.parametrize("changes", [
    pytest.param({"aud": ["x", ISSUER]}, id="one of several audiences"),
    pytest.param({"iat": None}, id="without iat"),
    pytest.param({"sub": "repo:org/x:ref:refs/heads/a/b"}, id="another branch"),
])  # fmt: skip
def test_right_claims_pass(gw: Installation, trusting: Pair, changes: dict) -> None:
    assert send(gw, trusting, HOLDER.sign(told(gw, **changes))).status == 200


def at(gw: Installation, seconds: int) -> int:
    return int(gw.clock.now.timestamp()) + seconds


WRONG = [
    pytest.param({"sub": SUBJECT + ":evil"}, id="a part more"),
    pytest.param({"sub": "x" + SUBJECT}, id="prefix"),
    pytest.param({"sub": SUBJECT + "\n"}, id="newline at the end"),
    pytest.param({"sub": SUBJECT + "\x00"}, id="NUL at the end"),
    pytest.param({"sub": "repo:org/x:ref:refs/heads/a\nb"}, id="newline in the run"),
    pytest.param({"sub": "repo:org/x2:ref:refs/heads/main"}, id="a repository that begins alike"),
    pytest.param({"sub": "repo:evil/repo:org/x:ref:refs/heads/main"}, id="ours within another"),
    pytest.param({"sub": "REPO:ORG/X:ref:refs/heads/main"}, id="another case"),
    pytest.param({"sub": "repo:org/x:pull_request"}, id="another event"),
    pytest.param({"sub": None}, id="no sub"),
    pytest.param({"sub": [SUBJECT]}, id="sub in an array"),
    pytest.param({"sub": 1}, id="sub a number"),
    pytest.param({"iss": OUTSIDE + "/"}, id="issuer with a slash"),
    pytest.param({"iss": OUTSIDE.upper()}, id="issuer in another case"),
    pytest.param({"iss": "https://evil.test"}, id="another issuer"),
    pytest.param({"iss": None}, id="no issuer"),
    pytest.param({"aud": "https://elsewhere.test"}, id="for somebody else"),
    pytest.param({"aud": ISSUER + "/"}, id="aud with a slash"),
    pytest.param({"aud": STS_URL + SANDBOX}, id="for another kind"),
    pytest.param({"aud": None}, id="no aud"),
    pytest.param({"aud": [[ISSUER]]}, id="aud in an array of arrays"),
    pytest.param({"aud": []}, id="aud empty"),
    pytest.param({"exp": None}, id="no exp"),
    pytest.param({"exp": 1}, id="expired"),
    pytest.param({"exp": 4_000_000_000}, id="lives for ever"),
]


@pytest.mark.parametrize("changes", WRONG)
def test_wrong_claims_are_refused(gw: Installation, trusting: Pair, changes: dict) -> None:
    answer = send(gw, trusting, HOLDER.sign(told(gw, **changes)))
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("seconds", [
    pytest.param((0, 86_401), id="from now"), pytest.param((-86_000, 600), id="from iat"),
])  # fmt: skip
def test_it_lives_for_a_day_at_most(gw, trusting: Pair, seconds: tuple[int, int]) -> None:
    jwt = HOLDER.sign(told(gw, iat=at(gw, seconds[0]), exp=at(gw, seconds[1])))
    assert "86400" in send(gw, trusting, jwt).json["error_description"]
    assert send(gw, trusting, HOLDER.sign(told(gw, exp=at(gw, 86_400)))).status == 200


@pytest.mark.parametrize("jwt", [
    pytest.param(lambda gw: OTHER.sign(told(gw)), id="another key of that kid"),
    pytest.param(lambda gw: OTHER.sign(told(gw), jwk=OTHER.jwk()), id="jwk in the header"),
    pytest.param(lambda gw: HOLDER.sign(told(gw), "PS256"), id="another algorithm of the key"),
    pytest.param(lambda gw: HOLDER.sign(told(gw), typ="at+jwt"), id="an access token"),
    pytest.param(lambda gw: HOLDER.sign(told(gw), crit=["x"]), id="crit"),
])  # fmt: skip
def test_forged_ones_are_refused(gw: Installation, trusting: Pair, jwt) -> None:
    assert send(gw, trusting, jwt(gw)).status == 401


def test_the_key_of_one_issuer_is_not_that_of_another(gw: Installation, trusting: Pair) -> None:
    trust(gw, trusting, issuer="https://second.test", jwks=OTHER.jwks())
    second = told(gw, iss="https://second.test")
    assert send(gw, trusting, OTHER.sign(second)).status == 200
    assert send(gw, trusting, HOLDER.sign(second)).status == 401
    assert send(gw, trusting, OTHER.sign(told(gw))).status == 401


def test_who_does_not_trust_reads_the_same_as_nobody(gw: Installation, trusting: Pair) -> None:
    plain, expired = gw.add_pair(gw.add_application()), gw.add_pair(gw.add_application())
    trust(gw, expired, gw.clock.now - timedelta(seconds=1))
    sandboxed = gw.add_pair(gw.add_application(), Kind.SANDBOX)
    trust(gw, sandboxed)
    jwt = HOLDER.sign(told(gw))
    answers = [send(gw, item, jwt) for item in (plain, expired, sandboxed)]
    answers.append(gw.post(TOKEN, form=form(jwt, client_id="client_0")))
    answers.append(send(gw, trusting, OTHER.sign(told(gw))))
    answers.append(send(gw, trusting, HOLDER.sign(told(gw, sub="repo:evil/x:ref:a"))))
    assert len({(answer.status, answer.body, *answer.headers.items()) for answer in answers}) == 1
    assert answers[0].json["error_description"] == SAME


def test_without_a_client_id_nobody_is_meant(gw: Installation, trusting: Pair) -> None:
    assert gw.post(TOKEN, form=form(HOLDER.sign(told(gw)))).status == 401
    trust(gw, trusting, subject="client_*")
    named = told(gw, sub=trusting.client_id)
    assert send(gw, trusting, HOLDER.sign(named)).status == 200
    assert gw.post(TOKEN, form=form(HOLDER.sign(named))).status == 401


def test_an_outside_issuer_can_not_sign_as_the_client(gw: Installation, trusting: Pair) -> None:
    claimed = told(gw, iss=trusting.client_id, sub=trusting.client_id, jti="j")
    assert send(gw, trusting, HOLDER.sign(claimed | {"exp": at(gw, 60)})).status == 401


def test_the_clients_own_key_can_not_speak_for_the_issuer(gw, trusting: Pair) -> None:
    gw.add_authenticator(trusting.credential, Method.PRIVATE_KEY_JWT, jwks=OTHER.jwks())
    assert send(gw, trusting, OTHER.sign(told(gw))).status == 401


def test_another_audience_may_be_agreed(gw: Installation, pair: Pair) -> None:
    trust(gw, pair, audience="api://gatewright")
    assert send(gw, pair, HOLDER.sign(told(gw, aud="api://gatewright"))).status == 200
    assert send(gw, pair, HOLDER.sign(told(gw))).status == 401


@pytest.mark.parametrize(("claim", "passes"), [
    ("production", True), ("production2", False), (None, False), (["production"], False),
    (True, False), ("", False),
])  # fmt: skip
def test_further_claims_must_match_as_well(gw: Installation, pair: Pair, claim, passes) -> None:
    trust(gw, pair, claims=json.dumps({"environment": "production", "actor": "*"}))
    jwt = HOLDER.sign(told(gw, environment=claim, actor="somebody"))
    assert (send(gw, pair, jwt).status == 200) is passes


# An issuer on a socket, found by its own description.


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with fake_issuer() as made:
        yield made


@pytest.fixture
def found(gw: Installation, pair: Pair, issuer: FakeIssuer) -> Pair:
    gw.fetch = key_fetch(real_world(), allow_private=True)
    trust(gw, pair, issuer=issuer.url, jwks="")
    return pair


@pytest.mark.real
def test_keys_are_discovered_and_rotate(gw, found: Pair, issuer: FakeIssuer) -> None:
    for kid in ("k1", "k2"):
        issuer.keys.insert(0, Keyholder("ES256", kid=kid))
        assert send(gw, found, issuer.sign(told(gw, iss=issuer.url))).status == 200
        gw.clock.pass_by(seconds=31)
    assert issuer.asked == ["/.well-known/openid-configuration", "/jwks"] * 2


@pytest.mark.real
@pytest.mark.parametrize("named", ["https://evil.test", "{}/", "{}x", "{}/tenant"])
def test_a_description_of_another_issuer_is_refused(gw, found, issuer, named: str) -> None:
    issuer.named = named.format(issuer.url)
    answer = send(gw, found, issuer.sign(told(gw, iss=issuer.url)))
    assert answer.status in (401, 503) and "access_token" not in answer.json


@pytest.mark.real
def test_a_slash_makes_another_issuer(gw: Installation, pair: Pair, issuer: FakeIssuer) -> None:
    gw.fetch = key_fetch(real_world(), allow_private=True)
    trust(gw, pair, issuer=issuer.url + "/", jwks="")
    assert send(gw, pair, issuer.sign(told(gw, iss=issuer.url))).status == 401
    assert issuer.asked == []
    assert send(gw, pair, issuer.sign(told(gw, iss=issuer.url + "/"))).status == 401
    issuer.named = issuer.url + "/"
    gw.clock.pass_by(minutes=11)
    assert send(gw, pair, issuer.sign(told(gw, iss=issuer.url + "/"))).status == 200


@pytest.mark.real
def test_nothing_is_fetched_for_subjects_that_are_not_trusted(gw, found, issuer) -> None:
    for changes in ({"sub": "repo:evil/x:ref:a"}, {"aud": "x"}, {"exp": 1}):
        jwt = issuer.sign(told(gw, iss=issuer.url, **changes))
        assert send(gw, found, jwt).status == 401
    assert issuer.asked == []


@pytest.mark.real
def test_a_description_can_not_lead_to_the_metadata_address(gw, found, issuer) -> None:
    issuer.answer = (302, {"Location": "http://169.254.169.254/jwks"}, b"")
    assert send(gw, found, issuer.sign(told(gw, iss=issuer.url))).status == 503
    assert "not a public address" in next(
        line["reason"] for line in gw.lines if line["event"] == "keys.lost"
    )


@pytest.mark.real
def test_another_source_of_keys_does_not_make_it_unavailable(gw, found, issuer) -> None:
    """One issuer is down; what another vouches for still passes."""
    issuer.answer = (500, {}, b"")
    trust(gw, found)
    assert send(gw, found, HOLDER.sign(told(gw))).status == 200
