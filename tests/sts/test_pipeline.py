"""The pipeline with grants that try to get round it, and every registered one."""

from types import SimpleNamespace

import pytest
from tests.sts.installation import PRODUCTION, Installation, Pair, claims

from gatewright.sts import metadata, scopes
from gatewright.sts.authorization import Authorization
from gatewright.sts.client_auth import METHODS
from gatewright.sts.grants import GRANTS

TOKEN = f"{PRODUCTION}/token"


@pytest.fixture
def pair(gw: Installation) -> Pair:
    application = gw.add_application(frozenset({"books:read"}))
    gw.subscribe(application, "books")
    return gw.add_pair(application, ttl=600)


def register(monkeypatch, authorization: Authorization) -> None:
    grant = SimpleNamespace(
        grant_type="greedy", public_clients=False, authorize=lambda _asked: authorization
    )
    monkeypatch.setattr("gatewright.sts.token.GRANTS", {"greedy": grant})


def test_a_greedy_grant_gets_no_more_than_the_client_may(
    gw: Installation, pair: Pair, monkeypatch
) -> None:
    wide = frozenset({"books:read", "books:write", "admin"})
    register(monkeypatch, Authorization("sub-1", wide, lifetime_seconds_max=99_999))
    answer = gw.post(TOKEN, pair, form={"grant_type": "greedy"})
    found = claims(answer.json["access_token"])
    assert (found["scope"], found["exp"] - found["iat"], found["sub"]) == (
        "books:read",
        600,
        "sub-1",
    )
    assert found["client_id"] == pair.client_id
    refused = gw.post(TOKEN, pair, form={"grant_type": "greedy", "scope": "books:write"})
    assert refused.json["error"] == "invalid_scope"


def test_a_grants_limits_narrow(gw: Installation, pair: Pair, monkeypatch) -> None:
    register(monkeypatch, Authorization("s", frozenset(), lifetime_seconds_max=60))
    answer = gw.post(TOKEN, pair, form={"grant_type": "greedy"})
    assert "scope" not in answer.json and answer.json["expires_in"] == 60
    asked = gw.post(TOKEN, pair, form={"grant_type": "greedy", "scope": "books:read"})
    assert asked.json["error"] == "invalid_scope"


def test_a_grant_brings_no_claim_that_says_what_a_token_is_good_for(
    gw: Installation, pair: Pair, monkeypatch
) -> None:
    brought = dict.fromkeys((
        "iss", "sub", "client_id", "aud", "iat", "nbf", "exp", "jti", "scope", "cnf", "gwk", "gwb",
        "gwa",
    ), "evil")  # fmt: skip
    register(monkeypatch, Authorization("s", frozenset(), claims=brought | {"act": {"sub": "a"}}))
    found = claims(gw.post(TOKEN, pair, form={"grant_type": "greedy"}).json["access_token"])
    assert "evil" not in found.values() and found["act"] == {"sub": "a"}
    assert found.keys() == {"iss", "sub", "client_id", "aud", "iat", "exp", "jti", "gwk", "act"}


def test_a_lowered_bound_of_the_organization_acts_on_the_next_token(
    gw: Installation, pair: Pair
) -> None:
    assert gw.post(TOKEN, pair).json["expires_in"] == 600
    gw.change("organizations", gw.organization.id, token_ttl_seconds_max=120)
    answer = gw.post(TOKEN, pair).json
    found = claims(answer["access_token"])
    assert answer["expires_in"] == found["exp"] - found["iat"] == 120


@pytest.mark.parametrize("grant", GRANTS.values(), ids=list(GRANTS))
class TestEveryGrant:
    def test_needs_an_authenticated_client(self, gw: Installation, pair: Pair, grant) -> None:
        assert grant.public_clients is False, "public clients need a pipeline step of their own"
        for caller in (None, Pair(pair.credential, "wrong", "")):
            answer = gw.post(TOKEN, caller, form={"grant_type": grant.grant_type})
            assert answer.json["error"] == "invalid_client"

    def test_refuses_a_blocked_application(self, gw: Installation, pair: Pair, grant) -> None:
        gw.change("applications", pair.credential.application_id, blocked=True)
        answer = gw.post(TOKEN, pair, form={"grant_type": grant.grant_type})
        assert answer.json["error"] == "unauthorized_client"

    def test_is_in_the_metadata_under_its_name(self, gw, pair, grant) -> None:
        issuer = gw.service.issuer("default", "production")
        assert issuer is not None
        assert f'"{grant.grant_type}"'.encode() in metadata.document(issuer)
        assert GRANTS[grant.grant_type] is grant


@pytest.mark.parametrize("method", METHODS, ids=[method.name for method in METHODS])
def test_every_method_is_in_the_metadata(gw: Installation, method) -> None:
    issuer = gw.service.issuer("default", "production")
    assert issuer is not None
    assert metadata.document(issuer).count(f'"{method.name}"'.encode()) == 3


def test_what_was_worked_out_is_kept_until_something_changes(
    gw: Installation, pair: Pair, monkeypatch
) -> None:
    worked = []
    real = scopes.rights
    monkeypatch.setattr(scopes, "rights", lambda *given: worked.append(1) or real(*given))
    for _ in range(5):
        gw.token(pair, "books:read")
    assert len(worked) == 1
    gw.change("secrets", pair.secret_id, last_used_at=gw.clock.now)
    gw.token(pair)
    before = len(worked)
    gw.add_api("films", ["films:see"])
    gw.token(pair)
    assert len(worked) == before + 1


def test_kept_answers_are_bounded(gw: Installation) -> None:
    gw.add_api("many", [f"s{n}" for n in range(100)])
    application = gw.add_application()
    gw.subscribe(application, "many")
    pair = gw.add_pair(application)
    for number in range(100):
        gw.token(pair, f"s{number}")
    assert len(gw.service.state.records.client(pair.client_id).rights.answers) <= 64
