"""Authlib as client of the token service and as validator of its tokens (RFC 9068)."""

import time

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey, KeySet, RSAKey
from tests.interop.installation import Program, Running
from tests.interop.issuer import Issuer
from tests.interop.keys import key_pair

pytestmark = pytest.mark.real


def session(program: Program, method: str, **more) -> OAuth2Session:
    return OAuth2Session(
        program.client_id, program.client_secret, token_endpoint_auth_method=method, **more
    )


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_token_call_introspection_and_revocation(program: Program, method: str) -> None:
    with session(program, method, scope="books:read") as client:
        token = client.fetch_token(program.token_endpoint, grant_type="client_credentials")
        assert token["token_type"].lower() == "bearer" and token["scope"] == "books:read"
        assert client.get(program.books).status_code == 200
        checking = program.connection["introspection_endpoint"]
        asked = {"token": token["access_token"], "token_type_hint": "access_token"}
        shown = client.introspect_token(checking, **asked).json()
        assert shown["active"] is True and shown["client_id"] == program.client_id
        ended = client.revoke_token(program.connection["revocation_endpoint"], **asked)
        assert ended.status_code == 200
        assert client.introspect_token(checking, **asked).json() == {"active": False}


def test_wrong_secret_is_authlibs_oauth_error(program: Program) -> None:
    from authlib.integrations.base_client import OAuthError

    with OAuth2Session(program.client_id, "wrong") as client, pytest.raises(OAuthError) as caught:
        client.fetch_token(program.token_endpoint, grant_type="client_credentials")
    assert caught.value.error == "invalid_client"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256"])
def test_private_key_jwt(running: Running, algorithm: str) -> None:
    program, key = running.program(), key_pair(algorithm)
    running.register_key(program, key)
    method = PrivateKeyJWT(
        program.token_endpoint,
        claims={"aud": program.issuer, "exp": int(time.time()) + 60},
        headers={"kid": key.private["kid"]},
        alg=algorithm,
    )
    kind = ECKey if algorithm == "ES256" else RSAKey
    with OAuth2Session(
        program.client_id, kind.import_key(key.private), token_endpoint_auth_method=method
    ) as client:
        client.fetch_token(program.token_endpoint, grant_type="client_credentials")
        assert client.get(program.books).status_code == 200


def test_jwt_bearer_of_a_key_manager(program: Program, issuer: Issuer) -> None:
    """Authlib's assertion session authenticates no client, so that is done by hand."""
    with session(program, "client_secret_basic") as client:
        client.fetch_token(
            program.token_endpoint,
            grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer",
            assertion=issuer.token("alice"),
            scope="books:read",
        )
        assert client.get(program.books).status_code == 200


def test_its_validator_of_metadata_agrees(program: Program) -> None:
    """RFC 8414; what it says about http is the test's own set-up, and is put aside.

    So is its wish for at least one response type, where §2 asks for an array: without an
    authorization endpoint there is none to name.
    """
    from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

    document = requests.get(program.connection["metadata_url"], timeout=10).json()
    assert document.pop("response_types_supported") == []
    document["response_types_supported"] = ["none"]
    text = {
        name: value.replace("http://", "https://") if isinstance(value, str) else value
        for name, value in document.items()
    }
    metadata = AuthorizationServerMetadata(text)
    metadata.validate()
    assert metadata.grant_types_supported == document["grant_types_supported"]


def test_its_validator_of_access_tokens_agrees(program: Program) -> None:
    from authlib.oauth2.rfc9068 import JWTBearerTokenValidator

    keys = KeySet.import_key_set(requests.get(program.connection["jwks_uri"], timeout=10).json())

    class Validator(JWTBearerTokenValidator):
        def get_jwks(self):
            return keys

    with session(program, "client_secret_basic") as client:
        token = client.fetch_token(program.token_endpoint, grant_type="client_credentials")
    validator = Validator(issuer=program.issuer, resource_server=program.gateway)
    claims = validator.authenticate_token(token["access_token"])
    assert claims is not None, "Authlib takes it for no token of ours"
    validator.validate_token(claims, ["books:read"], None)
    assert claims["client_id"] == program.client_id
