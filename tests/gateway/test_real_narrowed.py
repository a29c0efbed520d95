"""Tokens narrowed to single APIs, and how clients learn to ask for them, at a real Envoy."""

from dataclasses import replace
from typing import Any

import pytest
from tests.gateway.conftest import PORT, World
from tests.gateway.real import call

pytestmark = pytest.mark.real
GATEWAY = f"http://127.0.0.1:{PORT}"
MARKER = "urn:gatewright:env_production"
OURS, ALIAS = "env_production/books/v1.0", "env_production/books/v1"

ROWS = [
    pytest.param({"gwa": OURS}, 200, id="own version"),
    pytest.param({"gwa": ALIAS}, 200, id="major alias"),
    pytest.param({"gwa": f"env_production/near/v1 {OURS} x"}, 200, id="one of several"),
    pytest.param({"gwa": OURS, "aud": [f"{GATEWAY}/books/v1.0", MARKER]}, 200, id="as issued"),
    pytest.param({"gwa": "env_production/near/v1.0"}, 401, id="another API"),
    pytest.param({"gwa": "env_production/books/v2.0"}, 401, id="another version"),
    pytest.param({"gwa": "env_production/books/v1.00"}, 401, id="more behind"),
    pytest.param({"gwa": f"x{OURS}"}, 401, id="more before"),
    pytest.param({"gwa": "env_production/books/v1x0"}, 401, id="a dot is a dot"),
    pytest.param({"gwa": "env_development/books/v1.0"}, 401, id="another environment"),
    pytest.param({"gwa": f"{OURS}\ta"}, 401, id="not by spaces"),
    pytest.param({"gwa": [OURS]}, 401, id="a list"),
    pytest.param({"gwa": {"x": OURS}}, 401, id="an object"),
    pytest.param({"gwa": OURS, "aud": "urn:gatewright:env_development"}, 401, id="marker of other"),
    pytest.param({"gwa": OURS, "aud": f"{GATEWAY}/books/v1.0"}, 401, id="no marker"),
]


@pytest.mark.parametrize(("claims", "status"), ROWS)
@pytest.mark.parametrize("path", ["/books/v1.0/books", "/books/v1/any"])
def test_a_narrowed_token_opens_what_it_is_for(
    world: World, path: str, claims: dict[str, Any], status: int
) -> None:
    reply = world.call(path, world.token(**{"aud": MARKER, **claims}))
    assert reply.status == status, reply
    if status == 401:
        assert reply.json["code"] == "900901"
        assert 'error="invalid_token"' in reply.headers["www-authenticate"]


def test_the_refusal_says_that_it_is_for_another(world: World) -> None:
    reply = world.call("/books/v1/books", world.token(aud=MARKER, gwa="env_production/near/v1"))
    assert reply.json["description"] == "The access token is not meant for this API"
    assert "not meant for this API" in reply.headers["www-authenticate"]


def test_a_header_narrows_and_widens_nothing(world: World) -> None:
    narrow = world.token(aud=MARKER, gwa="env_production/near/v1")
    assert world.call("/books/v1/books", narrow, headers={"X-Gw-Audience": OURS}).status == 401
    other = {"x-gw-audience": "env_production/near/v1"}
    assert world.call("/books/v1/books", world.token(), headers=other).status == 200


def test_an_anonymous_operation_reads_no_audience(world: World) -> None:
    narrow = world.token(aud=MARKER, gwa="env_production/near/v1")
    assert world.call("/books/v1/health", narrow).status == 200


CHALLENGED = [
    pytest.param("/books/v1.0/books", {}, 401, id="no token"),
    pytest.param("/books/v1/books", {"Authorization": "Bearer x"}, 401, id="by the alias"),
    pytest.param("/books/v1/books", {"Authorization": "Basic eyJ.a.b"}, 401, id="another scheme"),
]


@pytest.mark.parametrize(("path", "headers", "status"), CHALLENGED)
def test_challenges_tell_where_the_metadata_is(
    world: World, path: str, headers: dict[str, str], status: int
) -> None:
    reply = world.call(path, headers=headers)
    wanted = f'resource_metadata="{GATEWAY}/.well-known/oauth-protected-resource/books/v1.0"'
    assert reply.status == status
    assert reply.headers["www-authenticate"].endswith(f", {wanted}")


def test_a_scope_challenge_tells_it_too_and_other_refusals_are_none(world: World) -> None:
    reply = world.call("/books/v1/books", world.token(scope="x"))
    assert 'scope="books:read", resource_metadata="http' in reply.headers["www-authenticate"]
    assert "www-authenticate" not in world.call("/books/v1/books", world.token("stranger")).headers
    assert "www-authenticate" not in world.call("/none").headers


WELL_KNOWN = "/.well-known/oauth-protected-resource"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_token_service_answers_for_the_metadata(world: World, method: str) -> None:
    sent = {"X-Gw-Subject": "x", "Authorization": "DPoP x.y.z", "X-Forwarded-Client-Cert": "Hash=1"}
    reply = call(PORT, f"{WELL_KNOWN}/books/v1.0?x=y", method=method, headers=sent)
    assert reply.status == (501 if method == "HEAD" else 200)  # the test's service has no HEAD
    if method == "GET":
        seen = reply.json
        assert seen["path"] == "/protected-resource/env_production/books/v1.0?x=y"
        assert not {"authorization", "x-forwarded-client-cert"} & set(seen["headers"])
        assert not any(name.startswith("x-gw-") for name in seen["headers"])


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        (f"{WELL_KNOWN}/books/v1.0", "POST", 405),
        (f"{WELL_KNOWN}/books", "GET", 404),
        (f"{WELL_KNOWN}/books/v1.0/x", "GET", 404),
        (f"{WELL_KNOWN}/", "GET", 404),
        (WELL_KNOWN, "GET", 404),
        ("/.well-known/openid-configuration", "GET", 404),
        (f"{WELL_KNOWN}/../../books/v1.0/books", "GET", 401),
    ],
)
def test_nothing_else_of_it_is_reached(world: World, path: str, method: str, status: int) -> None:
    assert call(PORT, path, method=method).status == status


def test_the_challenge_follows_the_public_url(world: World) -> None:
    row = world.scene.rows("environments")["env_production"]
    world.in_force(world.scene.put("environments", replace(row, gateway_url="https://api.test")))
    try:
        challenge = world.call("/books/v1/books").headers["www-authenticate"]
        assert 'resource_metadata="https://api.test/.well-known/oauth-' in challenge
    finally:
        world.in_force(world.scene.put("environments", row))
