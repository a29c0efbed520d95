"""What token exchange gives is no wider than its subject meant, and ends with its subject."""

import pytest
from tests.oauth.outsider import JWT, Outsider, exchange
from tests.sts.installation import PRODUCTION, Installation, Pair


@pytest.fixture
def other(gw: Installation) -> Pair:
    application = gw.add_application()
    gw.subscribe(application, "books")
    return gw.add_pair(application, ttl=600)


@pytest.fixture
def idp(gw: Installation) -> Outsider:
    return Outsider(gw)


def test_a_short_name_opens_nothing_that_the_subject_did_not_mean(gw, pair) -> None:
    """`read` of one client's API is not `read` of an API that only the other one has."""
    for handle in ("alpha", "beta"):
        gw.add_api(handle, ["read"])
    theirs, ours = gw.add_application(), gw.add_application()
    gw.subscribe(theirs, "alpha")
    gw.subscribe(ours, "beta")
    subject, acting = gw.token(gw.add_pair(theirs), "read"), gw.add_pair(ours)
    for asked in ("read", "urn:default:beta:read"):
        refused = exchange(gw, acting, subject, scope=asked)
        assert (refused.status, refused.json["error"]) == (400, "invalid_scope")
    assert "scope" not in exchange(gw, acting, subject).json
    gw.subscribe(ours, "alpha")
    assert exchange(gw, acting, subject).json["scope"] == "urn:default:alpha:read"
    assert exchange(gw, acting, subject, scope="read").json["scope"] == "urn:default:alpha:read"


def test_a_short_name_that_reads_as_qualified_is_not_the_other_apis(gw, pair) -> None:
    gw.add_api("alpha", ["read"])
    gw.add_api("gamma", ["urn:default:alpha:read"])
    theirs, ours = gw.add_application(), gw.add_application()
    gw.subscribe(theirs, "alpha")
    gw.subscribe(ours, "gamma")
    subject, acting = gw.token(gw.add_pair(theirs), "read"), gw.add_pair(ours)
    assert "scope" not in exchange(gw, acting, subject).json
    refused = exchange(gw, acting, subject, scope="urn:default:alpha:read")
    assert refused.json["error"] == "invalid_scope"


@pytest.mark.parametrize("end", ["generation", "blocked", "gone"])
def test_what_was_exchanged_ends_with_the_client_it_is_about(gw, pair, other, end: str) -> None:
    token = exchange(gw, pair, gw.token(other)).json["access_token"]
    again = exchange(gw, pair, token).json["access_token"]
    for living in (token, again):
        asked = gw.post(f"{PRODUCTION}/introspect", pair, form={"token": living})
        assert asked.json["active"] is True
    if end == "generation":
        gw.change("credentials", other.credential.id, generation=2)
    elif end == "blocked":
        gw.change("applications", other.credential.application_id, blocked=True)
    else:
        gw.remove("secrets", other.secret_id)
        gw.remove("credentials", other.credential.id)
    for ended in (token, again):
        asked = gw.post(f"{PRODUCTION}/introspect", pair, form={"token": ended})
        assert asked.json == {"active": False}
        refused = exchange(gw, pair, ended)
        assert (refused.status, refused.json["error"]) == (400, "invalid_request")


def test_what_was_exchanged_ends_with_the_trust_in_its_issuer(gw, pair, idp) -> None:
    token = exchange(gw, pair, idp.sign(), JWT).json["access_token"]
    assert gw.post(f"{PRODUCTION}/introspect", pair, form={"token": token}).json["active"]
    [manager] = gw.service.state.records.rows("key_managers")
    gw.change("key_managers", manager.id, enabled=False)
    asked = gw.post(f"{PRODUCTION}/introspect", pair, form={"token": token})
    assert asked.json == {"active": False}
    assert exchange(gw, pair, token).json["error"] == "invalid_request"
