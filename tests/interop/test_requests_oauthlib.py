"""requests-oauthlib (oauthlib's backend application) as client of the token service."""

import pytest
import requests
from oauthlib.oauth2 import (
    BackendApplicationClient,
    InvalidClientError,
    InvalidScopeError,
    ServiceApplicationClient,
)
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session
from tests.interop.installation import Program
from tests.interop.issuer import Issuer

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def over_http(monkeypatch):
    """Its own switch for tests on one machine."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def fetch(session: OAuth2Session, program: Program, method: str, **more):
    if method == "basic":
        more["auth"] = HTTPBasicAuth(program.client_id, program.client_secret)
    else:
        more |= {"client_secret": program.client_secret, "include_client_id": True}
    return session.fetch_token(program.token_endpoint, **more)


@pytest.mark.parametrize("method", ["basic", "post"])
def test_token_and_call(program: Program, method: str) -> None:
    client = BackendApplicationClient(program.client_id, scope=["books:read"])
    with OAuth2Session(client=client) as session:
        token = fetch(session, program, method)
        assert token["scope"] == ["books:read"] and token["expires_in"] == 900
        assert session.get(program.books).status_code == 200


def test_resource_is_sent_along(program: Program) -> None:
    client = BackendApplicationClient(program.client_id)
    with OAuth2Session(client=client) as session:
        fetch(session, program, "basic", resource=program.gateway)
        assert session.get(program.books).status_code == 200


def test_revocation_as_oauthlib_prepares_it(program: Program) -> None:
    client = BackendApplicationClient(program.client_id)
    with OAuth2Session(client=client) as session:
        token = fetch(session, program, "basic")
        monkey = "https://" + program.connection["revocation_endpoint"].partition("://")[2]
        url, headers, body = client.prepare_token_revocation_request(
            monkey, token["access_token"], "access_token"
        )
        keys = (program.client_id, program.client_secret)
        url = url.replace("https://", "http://")
        answer = requests.post(url, body, headers=headers, auth=keys, timeout=10)
        assert answer.status_code == 200
        assert session.get(program.books).status_code == 401


@pytest.mark.parametrize("scope, secret, error", [
    pytest.param("books:read", "wrong", InvalidClientError, id="wrong secret"),
    pytest.param("no:such", None, InvalidScopeError, id="unknown scope"),
])  # fmt: skip
def test_refusals_are_oauthlibs_own_errors(program: Program, scope, secret, error) -> None:
    client = BackendApplicationClient(program.client_id, scope=[scope])
    keys = HTTPBasicAuth(program.client_id, secret or program.client_secret)
    with OAuth2Session(client=client) as session, pytest.raises(error):
        session.fetch_token(program.token_endpoint, auth=keys)


def test_jwt_bearer_of_a_key_manager(program: Program, issuer: Issuer) -> None:
    """oauthlib's service application only signs with RS256, so the assertion is handed to it."""
    client = BackendApplicationClient(program.client_id, scope=["books:read"])
    client.grant_type = ServiceApplicationClient.grant_type
    with OAuth2Session(client=client) as session:
        fetch(session, program, "basic", assertion=issuer.token("alice"))
        assert session.get(program.books).status_code == 200
