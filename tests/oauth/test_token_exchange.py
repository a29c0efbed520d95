"""Token exchange from outside: RFC 8693 with own tokens and with those of key managers."""

import pytest
from tests.oauth.outsider import (
    ACCESS_TOKEN,
    EXCHANGE,
    ID_TOKEN,
    IDP,
    ISSUER,
    JWT,
    TYPE,
    Outsider,
    exchange,
)
from tests.sts.installation import PRODUCTION, SANDBOX, Installation, Pair, claims

from gatewright.domain.environment import Kind
from gatewright.domain.token import RevokedToken

GATEWAY = "http://production.default.test"
BOOKS = f"{GATEWAY}/books/v1.0"


@pytest.fixture
def other(gw: Installation) -> Pair:
    """The client whose tokens are exchanged; it may more than the one that exchanges."""
    gw.add_api("films", ["films:see"])
    application = gw.add_application()
    gw.subscribe(application, "books")
    gw.subscribe(application, "films")
    return gw.add_pair(application, ttl=600)


@pytest.fixture
def idp(gw: Installation) -> Outsider:
    return Outsider(gw)


class TestOwnTokens:
    def test_the_client_acts_for_the_subject(self, gw, pair, other) -> None:
        subject = gw.token(other, "books:read films:see")
        answer = exchange(gw, pair, subject)
        assert answer.status == 200 and answer.headers["cache-control"] == "no-store"
        assert answer.json["issued_token_type"] == ACCESS_TOKEN
        assert answer.json["token_type"] == "Bearer"
        found = claims(answer.json["access_token"])
        assert (found["sub"], found["client_id"]) == (other.client_id, pair.client_id)
        assert found["act"] == {"sub": pair.client_id}
        assert found["scope"] == answer.json["scope"] == "urn:default:books:books:read"
        assert found["gwk"] == pair.credential.subject_key
        assert found["aud"] == GATEWAY and "idp" not in found

    def test_never_longer_than_the_subject_token(self, gw, pair, other) -> None:
        subject = gw.token(other)
        gw.clock.pass_by(seconds=500)
        answer = exchange(gw, pair, subject)
        assert answer.json["expires_in"] == 100
        assert claims(answer.json["access_token"])["exp"] == claims(subject)["exp"]

    def test_never_longer_than_the_client_may(self, gw, other) -> None:
        brief = gw.add_pair(gw.add_application(), ttl=60)
        assert exchange(gw, brief, gw.token(other)).json["expires_in"] == 60

    def test_scopes_beyond_the_subject_token_are_refused(self, gw, pair, other) -> None:
        subject = gw.token(other, "books:read")
        answer = exchange(gw, pair, subject, scope="books:write")
        assert answer.json["error"] == "invalid_scope"

    def test_scopes_beyond_the_client_are_refused(self, gw, pair, other) -> None:
        answer = exchange(gw, pair, gw.token(other), scope="films:see")
        assert answer.json["error"] == "invalid_scope"

    def test_a_subject_token_without_scopes_gives_none(self, gw, pair) -> None:
        empty = gw.add_pair(gw.add_application())
        assert "scope" not in exchange(gw, pair, gw.token(empty)).json

    @pytest.mark.parametrize(("subject", "asked", "granted"), [
        ("urn:default:books:books:read", None, "urn:default:books:books:read"),
        ("urn:default:books:books:read", "books:read", "urn:default:books:books:read"),
        ("books:read", "urn:default:books:books:read", "urn:default:books:books:read"),
        ("books:read", None, "urn:default:books:books:read"),
        ("books:read", "books:read", "urn:default:books:books:read"),
    ])  # fmt: skip
    def test_scopes_are_spelled_qualified(
        self, gw, pair, other, subject: str, asked: str | None, granted: str
    ) -> None:
        answer = exchange(gw, pair, gw.token(other, subject), scope=asked)
        assert answer.json["scope"] == granted

    def test_it_narrows_to_an_api(self, gw, pair, other) -> None:
        found = claims(exchange(gw, pair, gw.token(other), resource=BOOKS).json["access_token"])
        assert found["aud"][0] == BOOKS and found["gwa"].endswith("/books/v1.0")

    @pytest.mark.parametrize("name", ["resource", "audience"])
    def test_a_narrow_subject_token_stays_narrow(self, gw, pair, other, name: str) -> None:
        subject = narrow(gw, other)
        kept = claims(exchange(gw, pair, subject).json["access_token"])
        assert (kept["aud"], kept["gwa"]) == (claims(subject)["aud"], claims(subject)["gwa"])
        for wider in (GATEWAY, f"{GATEWAY}/films/v1.0", f"{GATEWAY}/books/v1"):
            answer = exchange(gw, pair, subject, **{name: wider})
            assert answer.json["error"] == "invalid_target"
            assert wider in answer.json["error_description"]
        assert exchange(gw, pair, subject, **{name: BOOKS}).status == 200

    @pytest.mark.parametrize("name", ["resource", "audience"])
    def test_an_unknown_target_is_named(self, gw, pair, other, name: str) -> None:
        answer = exchange(gw, pair, gw.token(other), **{name: pair.client_id})
        assert (answer.status, answer.json["error"]) == (400, "invalid_target")
        assert pair.client_id in answer.json["error_description"]

    def test_resources_and_audiences_are_counted_together(self, gw, pair, other) -> None:
        subject = gw.token(other)
        many = {"resource": [BOOKS] * 10, "audience": [BOOKS] * 11}
        assert exchange(gw, pair, subject, **many).json["error"] == "invalid_target"

    def test_the_actors_are_kept(self, gw, pair, other) -> None:
        token, third = gw.token(pair), gw.add_pair(gw.add_application())
        for client in (other, third):
            token = exchange(gw, client, token).json["access_token"]
        found = claims(token)
        assert found["sub"] == pair.client_id
        assert found["act"] == {"sub": third.client_id, "act": {"sub": other.client_id}}

    def test_no_more_than_five_actors(self, gw, pair) -> None:
        token = gw.token(pair)
        for _ in range(5):
            token = exchange(gw, pair, token).json["access_token"]
        answer = exchange(gw, pair, token)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")

    def test_an_actor_token_of_the_client_itself(self, gw, pair, other) -> None:
        actor = {"actor_token": gw.token(pair), "actor_token_type": ACCESS_TOKEN}
        found = claims(exchange(gw, pair, gw.token(other), **actor).json["access_token"])
        assert found["act"] == {"sub": pair.client_id}


def narrow(gw: Installation, pair: Pair) -> str:
    form = {"grant_type": "client_credentials", "resource": BOOKS}
    return gw.post(f"{PRODUCTION}/token", pair, form=form).json["access_token"]


def revoked(gw: Installation, other: Pair) -> str:
    token = gw.token(other)
    assert gw.post(f"{PRODUCTION}/revoke", other, form={"token": token}).status == 200
    return token


def revoked_by_subject_key(gw: Installation, other: Pair) -> str:
    token = gw.token(other)
    gw.add("revoked_tokens", RevokedToken(
        other.credential.subject_key, gw.organization.id, Kind.PRODUCTION, gw.clock.now,
        gw.clock.now,
    ))  # fmt: skip
    return token


def expired(gw: Installation, other: Pair) -> str:
    token = gw.token(other)
    gw.clock.pass_by(seconds=600)
    return token


def raised_generation(gw: Installation, other: Pair) -> str:
    token = gw.token(other)
    gw.change("credentials", other.credential.id, generation=2)
    return token


def blocked(gw: Installation, other: Pair) -> str:
    token = gw.token(other)
    gw.change("applications", other.credential.application_id, blocked=True)
    return token


def removed_client(gw: Installation, other: Pair) -> str:
    token = gw.token(other)
    gw.remove("secrets", other.secret_id)
    gw.remove("credentials", other.credential.id)
    return token


def sandbox(gw: Installation, other: Pair) -> str:
    return gw.token(gw.add_pair(gw.add_application(), Kind.SANDBOX), path=SANDBOX)


def tampered(gw: Installation, other: Pair) -> str:
    head, body, signature = gw.token(other).split(".")
    return f"{head}.{body}.{signature[:-4]}{'AAAA' if signature[-4:] != 'AAAA' else 'BBBB'}"


def forged(gw: Installation, other: Pair) -> str:
    """Signed by a key manager in the name of this issuer."""
    return Outsider(gw, ISSUER).sign(sub=other.client_id)


def not_a_jwt(gw: Installation, other: Pair) -> str:
    return "x.y.z"


def from_nobody(gw: Installation, other: Pair) -> str:
    return Outsider(gw, "https://other.test", enabled=False).sign()


@pytest.mark.parametrize("make", [
    revoked, revoked_by_subject_key, expired, raised_generation, blocked, removed_client, sandbox,
    tampered, forged, not_a_jwt, from_nobody,
])  # fmt: skip
@pytest.mark.parametrize("place", ["subject_token", "actor_token"])
def test_dead_and_foreign_tokens_are_refused(gw, pair, other, make, place: str) -> None:
    bad = make(gw, other)
    good = gw.token(pair)
    if place == "subject_token":
        answer = exchange(gw, pair, bad)
    else:
        answer = exchange(gw, pair, good, actor_token=bad, actor_token_type=ACCESS_TOKEN)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert answer.json["error_description"].startswith(place)


@pytest.mark.parametrize("form", [
    pytest.param({"subject_token_type": None}, id="no subject_token_type"),
    pytest.param({"subject_token": None}, id="no subject_token"),
    pytest.param({"subject_token_type": f"{TYPE}saml2"}, id="SAML"),
    pytest.param({"subject_token_type": f"{TYPE}refresh_token"}, id="refresh token"),
    pytest.param({"subject_token_type": ID_TOKEN}, id="own token as an ID token"),
    pytest.param({"requested_token_type": f"{TYPE}refresh_token"}, id="refresh token wanted"),
    pytest.param({"requested_token_type": ID_TOKEN}, id="ID token wanted"),
    pytest.param({"actor_token": "x"}, id="actor without a type"),
    pytest.param({"actor_token_type": ACCESS_TOKEN}, id="type without an actor"),
])  # fmt: skip
def test_incomplete_requests(gw, pair, other, form: dict) -> None:
    asked = {"grant_type": EXCHANGE, "subject_token": gw.token(other),
             "subject_token_type": ACCESS_TOKEN} | form  # fmt: skip
    asked = {name: value for name, value in asked.items() if value is not None}
    answer = gw.post(f"{PRODUCTION}/token", pair, form=asked)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_wanted_as_an_access_token(gw, pair, other) -> None:
    assert exchange(gw, pair, gw.token(other), requested_token_type=ACCESS_TOKEN).status == 200


def test_an_actor_token_of_another_client_is_refused(gw, pair, other) -> None:
    actor = {"actor_token": gw.token(other), "actor_token_type": ACCESS_TOKEN}
    assert exchange(gw, pair, gw.token(pair), **actor).json["error"] == "invalid_request"


def test_an_exchanged_token_is_no_actor_token(gw, pair, other) -> None:
    """It is issued to the client and about somebody else."""
    about_other = exchange(gw, pair, gw.token(other)).json["access_token"]
    actor = {"actor_token": about_other, "actor_token_type": ACCESS_TOKEN}
    assert exchange(gw, pair, gw.token(pair), **actor).json["error"] == "invalid_request"


class TestKeyManagers:
    @pytest.mark.parametrize(("type", "typ"), [
        (ACCESS_TOKEN, "at+jwt"), (ACCESS_TOKEN, "JWT"), (ACCESS_TOKEN, None),
        (ACCESS_TOKEN, "application/at+jwt"), (JWT, "JWT"), (JWT, None), (ID_TOKEN, "JWT"),
        (ID_TOKEN, None),
    ])  # fmt: skip
    def test_the_subject_is_that_of_outside(self, gw, pair, idp, type: str, typ) -> None:
        answer = exchange(gw, pair, idp.sign(typ), type)
        found = claims(answer.json["access_token"])
        assert (found["sub"], found["idp"], found["client_id"]) == ("alice", IDP, pair.client_id)
        assert found["iss"] == ISSUER and found["act"] == {"sub": pair.client_id}
        assert found["scope"] == "books:read books:write" and answer.json["expires_in"] == 300

    @pytest.mark.parametrize(("scope", "granted"), [
        ("books:read elsewhere", "books:read"), (["books:read"], "books:read"), ("", None),
        ([], None), ("elsewhere", None),
    ])  # fmt: skip
    def test_its_scopes_limit(self, gw, pair, idp, scope: object, granted: str | None) -> None:
        assert exchange(gw, pair, idp.sign(scope=scope)).json.get("scope") == granted

    def test_the_scope_claim_is_that_of_the_key_manager(self, gw, pair) -> None:
        idp = Outsider(gw, scope_claim="scp")
        token = idp.sign(scp="books:read", scope="books:write")
        assert exchange(gw, pair, token).json["scope"] == "books:read"

    @pytest.mark.parametrize("audience", [
        pytest.param(ISSUER, id="this issuer"),
        pytest.param(f"{ISSUER}/token", id="its token endpoint"),
        pytest.param(["x", "gatewright"], id="one of several"),
    ])  # fmt: skip
    def test_it_is_for_us(self, gw, pair, idp, audience: object) -> None:
        assert exchange(gw, pair, idp.sign(aud=audience)).status == 200

    def test_the_outside_issuer_stays_named(self, gw, pair, other, idp) -> None:
        first = exchange(gw, other, idp.sign()).json["access_token"]
        found = claims(exchange(gw, pair, first).json["access_token"])
        assert (found["sub"], found["idp"]) == ("alice", IDP)
        assert found["act"] == {"sub": pair.client_id, "act": {"sub": other.client_id}}

    def test_actors_of_outside_are_named_with_their_issuer(self, gw, pair, idp) -> None:
        token = idp.sign(act={"sub": pair.client_id, "role": "root",
                              "act": {"sub": "y", "iss": "https://y.test"}})  # fmt: skip
        found = claims(exchange(gw, pair, token).json["access_token"])
        assert found["act"] == {
            "sub": pair.client_id,
            "act": {"iss": IDP, "sub": pair.client_id,
                    "act": {"iss": "https://y.test", "sub": "y"}},
        }  # fmt: skip

    def test_an_actor_of_outside(self, gw, pair, other, idp) -> None:
        actor = {"actor_token": idp.sign(sub="robot"), "actor_token_type": JWT}
        found = claims(exchange(gw, pair, gw.token(other), **actor).json["access_token"])
        assert found["act"] == {"iss": IDP, "sub": "robot"}

    @pytest.mark.parametrize(("members", "further"), [
        pytest.param({"enabled": False}, {}, id="disabled key manager"),
        pytest.param({"token_exchange": False}, {}, id="not for token exchange"),
        pytest.param({}, {"iss": "https://idp.test/"}, id="issuer with a slash more"),
        pytest.param({}, {"iss": ["https://idp.test"]}, id="issuer in a list"),
        pytest.param({}, {"iss": None}, id="no issuer"),
        pytest.param({}, {"aud": None}, id="no audience"),
        pytest.param({}, {"aud": []}, id="empty audience"),
        pytest.param({}, {"aud": "somebody"}, id="for somebody else"),
        pytest.param({}, {"aud": {"gatewright": 1}}, id="audience is an object"),
        pytest.param({}, {"exp": None}, id="no expiry"),
        pytest.param({}, {"exp": 1}, id="expired"),
        pytest.param({}, {"exp": "9999999999"}, id="expiry is text"),
        pytest.param({}, {"nbf": 4_000_000_000}, id="not yet valid"),
        pytest.param({}, {"iat": 4_000_000_000}, id="made in the future"),
        pytest.param({}, {"sub": None}, id="no subject"),
        pytest.param({}, {"sub": ""}, id="empty subject"),
        pytest.param({}, {"sub": 7}, id="subject is a number"),
        pytest.param({}, {"sub": "a\nb"}, id="line break in the subject"),
        pytest.param({}, {"sub": "a\u202eb"}, id="turned text in the subject"),
        pytest.param({}, {"sub": "x" * 256}, id="endless subject"),
        pytest.param({}, {"sub": "client_01abc"}, id="sub confusion"),
        pytest.param({}, {"sub": "CLIENT_01abc"}, id="sub confusion in capitals"),
        pytest.param({}, {"scope": 7}, id="scope is a number"),
        pytest.param({}, {"cnf": {"jkt": "x"}}, id="bound to a key that is not proven"),
        pytest.param({}, {"cnf": {}}, id="bound to nothing"),
        pytest.param({}, {"cnf": "x"}, id="cnf is text"),
        pytest.param({}, {"act": "x"}, id="act is text"),
        pytest.param({}, {"act": {}}, id="act names nobody"),
        pytest.param({}, {"may_act": {"sub": "client_other"}}, id="another may act"),
        pytest.param({}, {"may_act": {}}, id="nobody may act"),
        pytest.param({}, {"may_act": "x"}, id="may_act is text"),
        pytest.param({}, {"may_act": {"sub": "x", "role": "y"}}, id="may_act by a role"),
    ])  # fmt: skip
    def test_refused(self, gw, pair, members: dict, further: dict) -> None:
        idp = Outsider(gw, **members)
        token = idp.key.sign(idp.claims(**further))
        answer = exchange(gw, pair, token, JWT)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")

    @pytest.mark.parametrize(("type", "typ"), [
        pytest.param(ID_TOKEN, "at+jwt", id="access token as an ID token"),
        pytest.param(ACCESS_TOKEN, "dpop+jwt", id="DPoP proof"),
        pytest.param(JWT, "token-introspection+jwt", id="introspection answer"),
        pytest.param(JWT, "client-authentication+jwt", id="client assertion"),
        pytest.param(JWT, "secevent+jwt", id="security event"),
        pytest.param(JWT, "logout+jwt", id="logout token"),
    ])  # fmt: skip
    def test_typ_confusion(self, gw, pair, idp, type: str, typ: str) -> None:
        assert exchange(gw, pair, idp.sign(typ), type).json["error"] == "invalid_request"

    def test_a_key_manager_of_another_organization(self, gw, pair) -> None:
        elsewhere = Outsider(gw, organization_id=gw.add_organization("other").id)
        assert exchange(gw, pair, elsewhere.sign()).json["error"] == "invalid_request"

    def test_a_subject_with_six_actors(self, gw, pair, idp) -> None:
        act: dict = {"sub": "a"}
        for _ in range(4):
            act = {"sub": "a", "act": act}
        assert exchange(gw, pair, idp.sign(act=act)).json["error"] == "invalid_request"
        assert exchange(gw, pair, idp.sign(act={"sub": "b", "act": act})).status == 400
        assert exchange(gw, pair, idp.sign(act=act["act"])).status == 200


class TestMayAct:
    @pytest.mark.parametrize("named", ["sub", "client_id"])
    def test_who_is_named_may(self, gw, pair, idp, named: str) -> None:
        token = idp.sign(may_act={named: pair.client_id, "iss": ISSUER})
        assert exchange(gw, pair, token).status == 200

    def test_an_actor_of_outside(self, gw, pair, idp) -> None:
        actor = {"actor_token": idp.sign(sub="robot"), "actor_token_type": JWT}
        named, other = ({"sub": "robot", "iss": IDP}, {"sub": "robot", "iss": ISSUER})
        assert exchange(gw, pair, idp.sign(may_act=named), **actor).status == 200
        assert exchange(gw, pair, idp.sign(may_act=other), **actor).status == 400
        assert exchange(gw, pair, idp.sign(may_act=named)).status == 400

    def test_an_exchange_in_between_does_not_launder_it(self, gw, pair, other, idp) -> None:
        token = idp.sign(may_act={"sub": pair.client_id})
        first = exchange(gw, pair, token).json["access_token"]
        assert claims(first)["may_act"] == {"sub": pair.client_id}
        assert exchange(gw, other, first).json["error"] == "invalid_request"
        assert exchange(gw, pair, first).status == 200
