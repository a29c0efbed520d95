"""Clients that sign for themselves (RFC 7523 §3, rfc7523bis), and every way to cheat at it."""

import hmac
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.crypto.keyholder import Keyholder, encoded
from tests.sts.installation import PRODUCTION, SANDBOX, STS_URL, Installation, Pair, claims

from gatewright.domain.authenticator import Method
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Unavailable
from gatewright.interfaces.oauth.app import create_app
from gatewright.sts.service import TokenService

TOKEN = f"{PRODUCTION}/token"
ISSUER = STS_URL + PRODUCTION
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SAME = "the client could not be authenticated."
HOLDERS = {
    "ES256": Keyholder("ES256"),
    "ES384": Keyholder("ES384"),
    "RS256": Keyholder("RS256"),
    "PS256": Keyholder("PS256"),
    "EdDSA": Keyholder("EdDSA"),
}
MINE, OTHER, RSA = HOLDERS["ES256"], Keyholder("ES256"), HOLDERS["RS256"]


@pytest.fixture
def keyed(gw: Installation, pair: Pair) -> Pair:
    """A client with a registered key; its secret is there too, and unused."""
    gw.add_authenticator(pair.credential, Method.PRIVATE_KEY_JWT, jwks=MINE.jwks())
    return pair


def said(gw: Installation, pair: Pair, **changes) -> dict:
    """The claims of a right assertion, changed; None leaves one out."""
    now = int(gw.clock.now.timestamp())
    right = {"iss": pair.client_id, "sub": pair.client_id, "aud": ISSUER, "jti": "j1",
             "iat": now, "exp": now + 60}  # fmt: skip
    return {name: value for name, value in (right | changes).items() if value is not None}


def form(assertion: str, **further) -> dict:
    right = {"grant_type": "client_credentials", "client_assertion": assertion,
             "client_assertion_type": TYPE}  # fmt: skip
    return {name: value for name, value in (right | further).items() if value is not None}


def send(gw: Installation, assertion: str, path: str = TOKEN, **further):
    return gw.post(path, form=form(assertion, **further))


@pytest.mark.parametrize("algorithm", HOLDERS)
def test_each_algorithm_gives_a_token(gw: Installation, pair: Pair, algorithm: str) -> None:
    holder = HOLDERS[algorithm]
    jwks = holder.jwks(alg=algorithm)
    gw.add_authenticator(pair.credential, Method.PRIVATE_KEY_JWT, jwks=jwks)
    answer = send(gw, holder.sign(said(gw, pair)))
    assert answer.status == 200, answer.body
    assert claims(answer.json["access_token"])["client_id"] == pair.client_id


@pytest.mark.parametrize("changes", [
    pytest.param({}, id="as usual"),
    pytest.param({"aud": [ISSUER]}, id="aud as an array of one"),
    pytest.param({"iat": None}, id="without iat"),
    pytest.param({"jti": "j" * 128}, id="a jti of 128 characters"),
])  # fmt: skip
def test_right_claims_pass(gw: Installation, keyed: Pair, changes: dict) -> None:
    assert send(gw, MINE.sign(said(gw, keyed, **changes))).status == 200


@pytest.mark.parametrize("seconds", [-10, 10])
def test_clocks_may_differ_a_little(gw: Installation, keyed: Pair, seconds: int) -> None:
    then = int(gw.clock.now.timestamp()) + seconds
    assert send(gw, MINE.sign(said(gw, keyed, iat=then, nbf=then))).status == 200


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "client-authentication+jwt"])
def test_right_types_pass(gw: Installation, keyed: Pair, typ: str | None) -> None:
    assert send(gw, MINE.sign(said(gw, keyed), typ=typ)).status == 200


def test_client_id_may_stand_in_the_body(gw: Installation, keyed: Pair) -> None:
    answer = send(gw, MINE.sign(said(gw, keyed)), client_id=keyed.client_id)
    assert answer.status == 200


def at(gw: Installation, seconds: int) -> int:
    return int(gw.clock.now.timestamp()) + seconds


WRONG: list = [
    pytest.param(lambda gw, p: said(gw, p, aud=f"{ISSUER}/token"), "aud", id="aud is the endpoint"),
    pytest.param(lambda gw, p: said(gw, p, aud=f"{ISSUER}/"), "aud", id="aud with a slash"),
    pytest.param(lambda gw, p: said(gw, p, aud=STS_URL + SANDBOX), "aud", id="aud of another kind"),
    pytest.param(lambda gw, p: said(gw, p, aud=[ISSUER, "x"]), "aud", id="aud of two"),
    pytest.param(lambda gw, p: said(gw, p, aud=[ISSUER, ISSUER]), "aud", id="aud twice the same"),
    pytest.param(lambda gw, p: said(gw, p, aud=[]), "aud", id="aud empty"),
    pytest.param(lambda gw, p: said(gw, p, aud={"a": ISSUER}), "aud", id="aud an object"),
    pytest.param(lambda gw, p: said(gw, p, aud=None), "aud", id="aud missing"),
    pytest.param(lambda gw, p: said(gw, p, exp=None), "exp is missing", id="exp missing"),
    pytest.param(lambda gw, p: said(gw, p, exp="60"), "exp", id="exp a text"),
    pytest.param(lambda gw, p: said(gw, p, exp=at(gw, 0)), "expired", id="expired now"),
    pytest.param(lambda gw, p: said(gw, p, exp=at(gw, -300)), "expired", id="expired long ago"),
    pytest.param(lambda gw, p: said(gw, p, exp=at(gw, 301)), "300", id="too long from now"),
    pytest.param(lambda gw, p: said(gw, p, exp=at(gw, 301), iat=None), "300", id="without iat too"),
    pytest.param(lambda gw, p: said(gw, p, iat=at(gw, -290)), "300", id="too long from iat"),
    pytest.param(lambda gw, p: said(gw, p, exp=at(gw, 305), iat=at(gw, 9)), "300",
                 id="a future iat does not make room"),
    pytest.param(lambda gw, p: said(gw, p, exp=1e400), "JSON|exp", id="exp infinite"),
    pytest.param(lambda gw, p: said(gw, p, iat=at(gw, 11)), "iat", id="iat ahead"),
    pytest.param(lambda gw, p: said(gw, p, nbf=at(gw, 11)), "nbf", id="nbf ahead"),
    pytest.param(lambda gw, p: said(gw, p, jti=None), "jti", id="jti missing"),
    pytest.param(lambda gw, p: said(gw, p, jti=""), "jti", id="jti empty"),
    pytest.param(lambda gw, p: said(gw, p, jti=7), "jti", id="jti a number"),
    pytest.param(lambda gw, p: said(gw, p, jti="j" * 129), "jti", id="jti too long"),
    pytest.param(lambda gw, p: said(gw, p, sub="client_x"), "", id="sub is not iss"),
    pytest.param(lambda gw, p: said(gw, p, sub=None), "", id="sub missing"),
    pytest.param(lambda gw, p: said(gw, p, iss=None), "", id="iss missing"),
    pytest.param(lambda gw, p: said(gw, p, sub=p.client_id + "\n", iss=p.client_id + "\n"), "",
                 id="newline after the id"),
    pytest.param(lambda gw, p: said(gw, p, sub=p.client_id + "\x00", iss=p.client_id + "\x00"), "",
                 id="NUL after the id"),
    pytest.param(lambda gw, p: said(gw, p, sub=p.client_id.upper(), iss=p.client_id.upper()), "",
                 id="id in another case"),
    pytest.param(lambda gw, p: said(gw, p, sub=[p.client_id], iss=[p.client_id]), "",
                 id="id in an array"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "reason"), WRONG)
def test_wrong_claims_are_refused(gw: Installation, keyed: Pair, make, reason: str) -> None:
    answer = send(gw, MINE.sign(make(gw, keyed)))
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert any(part in answer.json["error_description"] for part in reason.split("|"))


@pytest.mark.parametrize("typ", [
    "at+jwt", "dpop+jwt", "application/at+jwt", "token-introspection+jwt", "JWT ", "", "jwt\n",
    "oauth-id-jag+jwt",
])  # fmt: skip
def test_a_token_for_something_else_never_authenticates(gw, keyed: Pair, typ: str) -> None:
    answer = send(gw, MINE.sign(said(gw, keyed), typ=typ))
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def own_token(gw: Installation, pair: Pair) -> str:
    return gw.token(pair)


def hs256(gw: Installation, pair: Pair) -> str:
    head = encoded(json.dumps({"alg": "HS256", "kid": "k1"}))
    signed = f"{head}.{encoded(json.dumps(said(gw, pair)))}"
    secret = json.dumps(MINE.jwk()).encode()
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"


def none(gw: Installation, pair: Pair) -> str:
    return f"{encoded(json.dumps({'alg': 'none'}))}.{encoded(json.dumps(said(gw, pair)))}."


def duplicate(text: str) -> Callable[[Installation, Pair], str]:
    def make(gw: Installation, pair: Pair) -> str:
        return MINE.sign(json.dumps(said(gw, pair))[:-1] + text + "}")

    return make


def headed(holder: Keyholder = MINE, **header) -> Callable[[Installation, Pair], str]:
    return lambda gw, pair: holder.sign(said(gw, pair), **header)


FORGED = [
    pytest.param(none, id="alg none"),
    pytest.param(hs256, id="HS256 with the public key as secret"),
    pytest.param(own_token, id="our own access token"),
    pytest.param(headed(OTHER), id="another key of that kid"),
    pytest.param(headed(OTHER, kid=None), id="another key without kid"),
    pytest.param(headed(OTHER, jwk=OTHER.jwk()), id="jwk in the header"),
    pytest.param(headed(OTHER, jku="http://127.0.0.1/evil"), id="jku in the header"),
    pytest.param(headed(OTHER, x5u="http://127.0.0.1/evil"), id="x5u in the header"),
    pytest.param(headed(OTHER, x5c=["AAAA"]), id="x5c in the header"),
    pytest.param(headed(kid="../../../dev/null"), id="kid as a path"),
    pytest.param(headed(kid="x' OR 1=1 --"), id="kid as SQL"),
    pytest.param(headed(crit=["b64"], b64=False), id="b64"),
    pytest.param(headed(crit=["x"], x=1), id="crit"),
    pytest.param(headed(x="x" * 9000), id="oversize"),
    pytest.param(duplicate(f', "aud": "{ISSUER}"'), id="duplicate aud"),
    pytest.param(duplicate(', "sub": "client_x"'), id="duplicate sub"),
    pytest.param(lambda gw, p: "x", id="no JWT"),
    pytest.param(lambda gw, p: MINE.sign("[]"), id="claims no object"),
]


@pytest.mark.parametrize("make", FORGED)
def test_a_forged_assertion_is_refused(gw: Installation, keyed: Pair, make) -> None:
    for further in ({}, {"client_id": keyed.client_id}):
        answer = send(gw, make(gw, keyed), **further)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert send(gw, MINE.sign(said(gw, keyed))).status == 200


@pytest.mark.parametrize(("registered", "used"), [("RS256", "PS256"), ("PS256", "RS256"),
                                                  (None, "PS256")])  # fmt: skip
def test_the_algorithm_is_the_registered_one(gw, pair: Pair, registered, used: str) -> None:
    further = {"alg": registered} if registered else {}
    gw.add_authenticator(pair.credential, Method.PRIVATE_KEY_JWT, jwks=RSA.jwks(**further))
    assert send(gw, RSA.sign(said(gw, pair), used)).json["error_description"] == SAME
    assert send(gw, RSA.sign(said(gw, pair), registered or "RS256")).status == 200


def test_what_depends_on_the_client_reads_all_the_same(gw: Installation, keyed: Pair) -> None:
    """Unknown, without a key, another's key, expired, of another kind: equal bytes."""
    keyless = gw.add_pair(gw.add_application())
    expired, other = gw.add_pair(gw.add_application()), gw.add_pair(gw.add_application())
    ended = gw.clock.now - timedelta(seconds=1)
    gw.add_authenticator(expired.credential, Method.PRIVATE_KEY_JWT, ended, jwks=MINE.jwks())
    gw.add_authenticator(other.credential, Method.PRIVATE_KEY_JWT, jwks=OTHER.jwks())
    sandboxed = gw.add_pair(gw.add_application(), Kind.SANDBOX)
    gw.add_authenticator(sandboxed.credential, Method.PRIVATE_KEY_JWT, jwks=MINE.jwks())
    unknown = Pair(keyed.credential, "", "")
    answers = [send(gw, MINE.sign(said(gw, item))) for item in
               (keyless, expired, other, sandboxed)]  # fmt: skip
    answers.append(send(gw, MINE.sign(said(gw, unknown, iss="client_0", sub="client_0"))))
    answers.append(send(gw, OTHER.sign(said(gw, keyed))))
    assert len({(answer.status, answer.body, *answer.headers.items()) for answer in answers}) == 1
    assert answers[0].json["error_description"] == SAME


def test_the_key_of_another_client_is_not_ours(gw: Installation, keyed: Pair) -> None:
    other = gw.add_pair(gw.add_application())
    gw.add_authenticator(other.credential, Method.PRIVATE_KEY_JWT, jwks=OTHER.jwks())
    assert send(gw, OTHER.sign(said(gw, keyed)), client_id=other.client_id).status == 401
    assert send(gw, OTHER.sign(said(gw, other)), client_id=keyed.client_id).status == 401
    assert send(gw, OTHER.sign(said(gw, other))).status == 200


@pytest.mark.parametrize("endpoint", ["token", "introspect", "revoke"])
def test_it_is_good_once(gw: Installation, keyed: Pair, endpoint: str) -> None:
    token, path = gw.token(keyed), f"{PRODUCTION}/{endpoint}"
    assertion = MINE.sign(said(gw, keyed))
    assert send(gw, assertion, path, token=token).status == 200
    for again in (path, TOKEN):
        answer = send(gw, assertion, again, token=token)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
        assert "used before" in answer.json["error_description"]


def test_a_replay_revokes_and_tells_nothing(gw: Installation, keyed: Pair) -> None:
    first, second = gw.token(keyed), gw.token(keyed)
    assertion = MINE.sign(said(gw, keyed))
    assert send(gw, assertion, f"{PRODUCTION}/revoke", token=first).status == 200
    assert send(gw, assertion, f"{PRODUCTION}/revoke", token=second).status == 401
    active = [gw.post(f"{PRODUCTION}/introspect", keyed, form={"token": token}).json["active"]
              for token in (first, second)]  # fmt: skip
    assert active == [False, True]


def test_another_worker_knows_what_was_used(gw: Installation, keyed: Pair) -> None:
    assertion = MINE.sign(said(gw, keyed))
    assert send(gw, assertion).status == 200
    first = gw.app
    other = TokenService(gw.store, gw.keyring, gw.world, STS_URL, gw.log.emit)
    gw.app = create_app(other, gw.log)
    try:
        assert "used before" in send(gw, assertion).json["error_description"]
        assert send(gw, MINE.sign(said(gw, keyed, jti="j2"))).status == 200
    finally:
        gw.app = first
        other.state.close()
    assert "used before" in send(gw, MINE.sign(said(gw, keyed, jti="j2"))).json["error_description"]


def test_it_is_remembered_until_it_ends_and_no_longer(gw: Installation, keyed: Pair) -> None:
    assertion = MINE.sign(said(gw, keyed))
    assert send(gw, assertion).status == 200
    gw.clock.pass_by(seconds=59)
    gw.service.upkeep()()
    assert "used before" in send(gw, assertion).json["error_description"]
    gw.clock.pass_by(seconds=2)
    gw.service.upkeep()()
    with gw.store.read() as tx:
        assert tx.used_proofs.count() == 0
    assert "expired" in send(gw, assertion).json["error_description"]


def test_two_clients_may_choose_the_same_jti(gw: Installation, keyed: Pair) -> None:
    other = gw.add_pair(gw.add_application())
    gw.add_authenticator(other.credential, Method.PRIVATE_KEY_JWT, jwks=MINE.jwks())
    for item in (keyed, other):
        assert send(gw, MINE.sign(said(gw, item))).status == 200


def test_without_the_database_nothing_passes(gw: Installation, keyed: Pair, monkeypatch) -> None:
    assert gw.post(TOKEN, keyed).status == 200

    def away():
        raise Unavailable("the database is away.", None, None)

    monkeypatch.setattr(gw.store, "write", away)
    answer = send(gw, MINE.sign(said(gw, keyed)))
    assert answer.status == 503 and "access_token" not in answer.json


@pytest.mark.parametrize("further", [
    pytest.param({"client_secret": "x"}, id="a secret in the body"),
    pytest.param({"headers": [("authorization", "Basic eDp5")]}, id="Basic"),
])  # fmt: skip
def test_there_is_one_method(gw: Installation, keyed: Pair, further: dict) -> None:
    headers = further.pop("headers", ())
    sent = form(MINE.sign(said(gw, keyed)), **further)
    answer = gw.post(TOKEN, form=sent, headers=headers)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("kind", [None, "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"])
def test_the_kind_of_assertion_must_be_named(gw, keyed: Pair, kind: str | None) -> None:
    answer = send(gw, MINE.sign(said(gw, keyed)), client_assertion_type=kind)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


def test_failures_are_counted(gw: Installation, keyed: Pair) -> None:
    for _ in range(20):
        assert send(gw, OTHER.sign(said(gw, keyed))).status == 401
    assert send(gw, OTHER.sign(said(gw, keyed))).status == 429
    other = gw.add_pair(gw.add_application())
    gw.add_authenticator(other.credential, Method.PRIVATE_KEY_JWT, jwks=MINE.jwks())
    assert send(gw, MINE.sign(said(gw, other))).status == 200


def test_the_last_use_is_noted(gw: Installation, keyed: Pair) -> None:
    send(gw, MINE.sign(said(gw, keyed)))
    gw.service.upkeep()()
    with gw.store.read() as tx:
        (row,) = tx.authenticators.find(credential_id=keyed.credential.id)
    assert row.last_used_at == gw.clock.now


def test_a_key_added_or_removed_counts_at_once(gw: Installation, keyed: Pair) -> None:
    assert send(gw, OTHER.sign(said(gw, keyed))).status == 401
    added = gw.add_authenticator(keyed.credential, Method.PRIVATE_KEY_JWT, jwks=OTHER.jwks())
    assert send(gw, OTHER.sign(said(gw, keyed))).status == 200
    gw.remove("authenticators", added.id)
    gw.clock.pass_by(seconds=1)
    assert send(gw, OTHER.sign(said(gw, keyed, jti="j3"))).status == 401


def test_metadata_tells_methods_and_algorithms(gw: Installation) -> None:
    told = gw.call("GET", f"/.well-known/oauth-authorization-server{PRODUCTION}").json
    for endpoint in ("token", "revocation", "introspection"):
        methods = told[f"{endpoint}_endpoint_auth_methods_supported"]
        assert {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"} <= {*methods}
        assert "federated" not in methods
        algorithms = told[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
        assert "none" not in algorithms and "ES256" in algorithms
        assert not any(name.startswith("HS") for name in algorithms)
