"""What is published about each API: RFC 9728 from outside, and its place in RFC 8414."""

import json

import pytest
from tests.sts.installation import PRODUCTION, STS_URL, Installation

from gatewright.crypto import dpop
from gatewright.domain.lifecycle import State
from gatewright.sts.service import TokenService

GATEWAY = "http://production.default.test"
SERVER = "/.well-known/oauth-authorization-server/sts/default/production"


def look(gw: Installation, path: str, place: str = "production"):
    return gw.call("GET", f"/protected-resource/{gw.environment(place).id}/{path}")


@pytest.mark.parametrize("version", ["v1.0", "v1"])
def test_an_api_is_described_under_the_address_that_was_asked(gw, version: str) -> None:
    answer = look(gw, f"books/{version}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json == {
        "resource": f"{GATEWAY}/books/{version}",
        "authorization_servers": [f"http://sts.test{PRODUCTION}"],
        "scopes_supported": ["books:read", "books:write"],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "resource_name": "books",
        "tls_client_certificate_bound_access_tokens": True,
    }


def test_each_environment_names_its_own_issuer(gw) -> None:
    told = look(gw, "books/v1.0", "development").json
    assert told["authorization_servers"] == ["http://sts.test/sts/default/sandbox"]
    assert told["resource"] == "http://development.default.test/books/v1.0"


def test_members_without_a_value_are_left_out(gw) -> None:
    gw.add_api("open", [])
    assert "scopes_supported" not in look(gw, "open/v1").json


@pytest.mark.parametrize("path", [
    "books/v9.0", "books/v2", "films/v1", "books/v01.0", "books/V1", "BOOKS/v1", "books/", "/v1",
    "books%2Fv1.0/x",
])  # fmt: skip
def test_what_is_not_there(gw, path: str) -> None:
    assert look(gw, path).status == 404


@pytest.mark.parametrize("path", [
    "/protected-resource/env_none/books/v1", "/protected-resource/books/v1",
    "/protected-resource", "/protected-resource/a/b/c/d",
])  # fmt: skip
def test_environments_that_are_not_there(gw, path: str) -> None:
    assert gw.call("GET", path).status == 404


@pytest.mark.parametrize(("state", "status"), [
    (State.CREATED, 404), (State.PRE_RELEASED, 200), (State.PUBLISHED, 200), (State.BLOCKED, 404),
    (State.DEPRECATED, 200), (State.RETIRED, 404),
])  # fmt: skip
def test_only_what_the_portal_lists(gw, state: State, status: int) -> None:
    gw.add_api("films", ["films:see"], state=state)
    assert look(gw, "films/v1.0").status == look(gw, "films/v1").status == status
    listed = gw.call("GET", SERVER).json["protected_resources"]
    assert (f"{GATEWAY}/films/v1.0" in listed) == (status == 200)


def test_only_what_is_deployed_there(gw) -> None:
    gw.add_api("films", ["films:see"], environments=("development",))
    assert look(gw, "films/v1.0").status == 404
    assert look(gw, "films/v1.0", "development").status == 200
    assert gw.call("GET", SERVER).json["protected_resources"] == [f"{GATEWAY}/books/v1.0"]


def test_the_list_of_resources_is_bounded(gw) -> None:
    for number in range(101):
        gw.add_api(f"api-{number}", [])
    assert len(gw.call("GET", SERVER).json["protected_resources"]) == 100


def test_methods(gw) -> None:
    path = f"/protected-resource/{gw.environment('production').id}/books/v1"
    assert gw.call("POST", path).status == 405
    assert gw.call("OPTIONS", path).headers["access-control-allow-origin"] == "*"


def test_another_place_for_client_certificates_is_told(gw) -> None:
    assert "mtls_endpoint_aliases" not in gw.call("GET", SERVER).json
    service = TokenService(gw.store, gw.keyring, gw.world, STS_URL, mtls_url="https://mtls.test/")
    issuer = service.issuer("default", "production")
    base = f"https://mtls.test{PRODUCTION}"
    assert json.loads(service.metadata(issuer).body)["mtls_endpoint_aliases"] == {
        "token_endpoint": f"{base}/token",
        "revocation_endpoint": f"{base}/revoke",
        "introspection_endpoint": f"{base}/introspect",
    }
    service.state.close()


def test_what_changes_is_told_at_once(gw) -> None:
    assert gw.call("GET", SERVER).json["introspection_signing_alg_values_supported"] == ["ES256"]
    gw.change("organizations", gw.organization.id, registration_enabled=True)
    assert gw.call("GET", SERVER).json["registration_endpoint"].endswith("/register")
    gw.add_api("films", [])
    assert len(gw.call("GET", SERVER).json["protected_resources"]) == 2
