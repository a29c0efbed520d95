"""Tokens for single APIs: `resource` of RFC 8707 from outside."""

import pytest
from tests.sts.installation import PRODUCTION, Installation, Pair, claims

from gatewright.domain.environment import Environment, Kind
from gatewright.domain.lifecycle import State

TOKEN = f"{PRODUCTION}/token"
GATEWAY = "http://production.default.test"
BOOKS = f"{GATEWAY}/books/v1.0"


def ask(gw: Installation, pair: Pair, *resources: str, **form: str):
    wanted = {"grant_type": "client_credentials", "resource": list(resources)} | form
    return gw.post(TOKEN, pair, form=wanted)


@pytest.fixture
def both(gw: Installation) -> Pair:
    """A client of two APIs that have a scope name in common."""
    gw.add_api("films", ["films:see", "books:read"])
    application = gw.add_application()
    gw.subscribe(application, "books")
    gw.subscribe(application, "films")
    return gw.add_pair(application)


def marker(gw: Installation, place: str = "production") -> str:
    return f"urn:gatewright:{gw.environment(place).id}"


@pytest.mark.parametrize("version", ["v1.0", "v1"])
def test_one_api(gw: Installation, both: Pair, version: str) -> None:
    asked = f"{GATEWAY}/films/{version}"
    answer = ask(gw, both, asked)
    found = claims(answer.json["access_token"])
    assert found["aud"] == [asked, marker(gw)]
    assert found["gwa"] == f"{gw.environment('production').id}/films/{version}"
    assert found["scope"] == answer.json["scope"] == "books:read films:see"
    assert found["gwk"] == both.credential.subject_key


def test_several_apis_are_the_union(gw: Installation, both: Pair) -> None:
    films, id = f"{GATEWAY}/films/v1", gw.environment("production").id
    found = claims(ask(gw, both, BOOKS, films, BOOKS + "/").json["access_token"])
    assert found["aud"] == [BOOKS, films, marker(gw)]
    assert found["gwa"] == f"{id}/books/v1.0 {id}/films/v1"
    assert set(found["scope"].split()) == {"books:read", "books:write", "films:see"}


def test_a_gateway_beside_its_api_is_not_narrowed(gw: Installation, both: Pair) -> None:
    found = claims(ask(gw, both, BOOKS, GATEWAY).json["access_token"])
    assert found["aud"] == [GATEWAY, BOOKS] and "gwa" not in found
    assert "films:see" in found["scope"].split()


def test_a_gateway_beside_the_api_of_another(gw: Installation, both: Pair) -> None:
    other = gw.add("environments", Environment(
        gw.id("env"), gw.organization.id, "second", "second", Kind.PRODUCTION, 2,
        "http://second.default.test", gw.clock.now,
    ))  # fmt: skip
    found = claims(ask(gw, both, BOOKS, other.gateway_url).json["access_token"])
    assert found["aud"] == [other.gateway_url, BOOKS, marker(gw)]
    assert found["gwa"] == f"{gw.environment('production').id}/books/v1.0"
    assert found["scope"] == "books:read books:write"


def test_scopes_of_other_apis_can_not_be_had(gw: Installation, both: Pair) -> None:
    answer = ask(gw, both, BOOKS, scope="films:see books:read")
    assert answer.json["error"] == "invalid_scope"
    assert answer.json["error_description"].endswith(": films:see")
    full = "urn:default:films:books:read"
    assert ask(gw, both, BOOKS, scope=full).json["error"] == "invalid_scope"


def test_without_a_subscription_there_is_no_scope(gw: Installation, pair: Pair) -> None:
    gw.add_api("films", ["films:see"])
    answer = ask(gw, pair, f"{GATEWAY}/films/v1.0")
    assert answer.status == 200 and "scope" not in answer.json


def test_an_alias_is_the_newest_listed_minor(gw: Installation, both: Pair) -> None:
    gw.add_api("films", ["films:rate"], version="v1.2")
    gw.add_api("films", ["films:draft"], version="v1.3", state=State.CREATED)
    assert ask(gw, both, f"{GATEWAY}/films/v1").json["scope"] == "films:rate"
    assert ask(gw, both, f"{GATEWAY}/films/v1.3").json["scope"] == "films:draft"


@pytest.mark.parametrize("resource", [
    pytest.param("/books/v1.0", id="relative"),
    pytest.param("books", id="a handle"),
    pytest.param("//production.default.test/books/v1.0", id="without a scheme"),
    pytest.param(f"{BOOKS}#top", id="with a fragment"),
    pytest.param(f"{BOOKS}#", id="with an empty fragment"),
    pytest.param(f"{BOOKS}?a=b", id="with a query"),
    pytest.param(f"{BOOKS}/chapters", id="below an API"),
    pytest.param(f"{BOOKS}//", id="two slashes"),
    pytest.param(f"{GATEWAY}/books", id="without a version"),
    pytest.param(f"{GATEWAY}/books/", id="with an empty version"),
    pytest.param(f"{GATEWAY}/books/v9.0", id="another version"),
    pytest.param(f"{GATEWAY}/books/v01.0", id="another spelling"),
    pytest.param(f"{GATEWAY}/BOOKS/v1.0", id="another case"),
    pytest.param(f"{GATEWAY}//v1.0", id="no context"),
    pytest.param(f"{GATEWAY}.evil.test/books/v1.0", id="longer host"),
    pytest.param("http://development.default.test/books/v1.0", id="gateway of the other kind"),
    pytest.param("https://production.default.test/books/v1.0", id="other scheme"),
    pytest.param("http://[::1/books", id="no URL"),
    pytest.param("urn:gatewright:env_1", id="an audience marker"),
])  # fmt: skip
def test_what_is_unknown_or_malformed_is_named(gw: Installation, pair: Pair, resource: str) -> None:
    for asked in ([resource], [GATEWAY, resource]):
        answer = ask(gw, pair, *asked)
        assert (answer.status, answer.json["error"]) == (400, "invalid_target")
        assert answer.json["error_description"].startswith(f"{resource} ")


@pytest.mark.parametrize("change", ["retire", "undeploy"])
def test_an_api_that_is_gone_is_no_target(gw: Installation, change: str) -> None:
    api = gw.add_api("films", ["films:see"])
    pair = gw.add_pair(gw.add_application())
    assert ask(gw, pair, f"{GATEWAY}/films/v1").status == 200
    if change == "retire":
        gw.change("apis", api.id, state=State.RETIRED)
    else:
        with gw.store.write() as tx:
            for row in tx.deployments.find(api_id=api.id):
                tx.deployments.remove(row.id)
    assert ask(gw, pair, f"{GATEWAY}/films/v1").json["error"] == "invalid_target"


def test_an_api_of_another_organization_is_no_target(gw: Installation, pair: Pair) -> None:
    gw.add_organization("other")
    assert ask(gw, pair, "http://production.other.test").json["error"] == "invalid_target"


def test_the_number_of_targets_is_bounded(gw: Installation, pair: Pair) -> None:
    assert ask(gw, pair, *[BOOKS] * 20).status == 200
    assert ask(gw, pair, *[BOOKS] * 21).json["error"] == "invalid_target"


def test_a_target_that_was_deployed_just_now_is_found(gw: Installation, pair: Pair) -> None:
    gw.token(pair)
    gw.add_api("films", [])
    assert ask(gw, pair, f"{GATEWAY}/films/v1").status == 200


def test_a_token_that_no_header_holds_is_refused(gw: Installation) -> None:
    for number in range(20):
        gw.add_api(f"a-rather-long-name-of-an-api-{number}", [f"{'x' * 100}:{number}"])
    application = gw.add_application()
    for number in range(20):
        gw.subscribe(application, f"a-rather-long-name-of-an-api-{number}")
    pair = gw.add_pair(application)
    wanted = [f"{GATEWAY}/a-rather-long-name-of-an-api-{number}/v1" for number in range(20)]
    answer = ask(gw, pair, *wanted)
    assert answer.status == 200 and len(answer.json["access_token"]) <= 8192
