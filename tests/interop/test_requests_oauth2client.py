"""requests_oauth2client as client of the token service, found by discovery."""

import pytest
import requests
from binapy import BinaPy
from requests_oauth2client import (
    BearerToken,
    ClientSecretBasic,
    ClientSecretPost,
    DPoPKey,
    DPoPToken,
    InvalidClient,
    InvalidScope,
    OAuth2Client,
    PrivateKeyJwt,
)
from tests.interop.installation import Program, Running
from tests.interop.issuer import Issuer, served
from tests.interop.keys import key_pair

pytestmark = pytest.mark.real
METHODS = {"basic": ClientSecretBasic, "post": ClientSecretPost}


def _hash(token: str) -> str:
    return BinaPy(token).to("sha256").to("b64u").decode()


def client_of(program: Program, auth, **more) -> OAuth2Client:
    """`testing` is its own switch for servers without TLS."""
    return OAuth2Client.from_discovery_endpoint(
        issuer=program.issuer, auth=auth, testing=True, session=requests.Session(), **more
    )


@pytest.mark.parametrize("method", METHODS)
def test_token_call_introspection_and_revocation(program: Program, method: str) -> None:
    client = client_of(program, METHODS[method](program.client_id, program.client_secret))
    token = client.client_credentials(scope="books:read")
    assert isinstance(token, BearerToken) and token.scope == "books:read"
    assert requests.get(program.books, auth=token, timeout=10).status_code == 200
    assert client.introspect_token(token)["active"] is True
    assert client.revoke_access_token(token) is True
    assert client.introspect_token(token) == {"active": False}
    assert requests.get(program.books, auth=token, timeout=10).status_code == 401


def test_its_validator_of_access_tokens_agrees(program: Program) -> None:
    client = client_of(program, (program.client_id, program.client_secret))
    token = client.client_credentials()
    keys = client.update_authorization_server_public_keys()
    token.access_token_jwt.validate(
        keys, issuer=program.issuer, audience=program.gateway, algs=["ES256", "RS256"]
    )


def test_wrong_secret_is_its_own_error(program: Program) -> None:
    client = client_of(program, (program.client_id, "wrong"))
    with pytest.raises(InvalidClient):
        client.client_credentials()


def test_refused_scope_is_its_own_error(program: Program) -> None:
    client = client_of(program, (program.client_id, program.client_secret))
    with pytest.raises(InvalidScope, match="no:such"):
        client.client_credentials(scope="no:such")


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256", "EdDSA"])
def test_private_key_jwt(running: Running, algorithm: str) -> None:
    """With the issuer as the audience, as rfc7523bis has it; the endpoint's URL is refused."""
    program, key = running.program(), key_pair(algorithm)
    running.register_key(program, key)
    auth = PrivateKeyJwt(program.client_id, key.private, aud=program.issuer)
    client = client_of(program, auth)
    token = client.client_credentials(scope="books:read")
    assert requests.get(program.books, auth=token, timeout=10).status_code == 200
    assert client.introspect_token(token)["active"] is True
    assert client.revoke_access_token(token) is True
    with pytest.raises(InvalidClient, match="aud"):
        client_of(program, PrivateKeyJwt(program.client_id, key.private)).client_credentials()


def test_private_key_jwt_with_the_keys_at_an_address(running: Running) -> None:
    program, key = running.program(), key_pair("ES256")
    with served(key.jwks) as address:
        running.register_key(program, key, jwks_uri=address)
        auth = PrivateKeyJwt(program.client_id, key.private, aud=program.issuer)
        token = client_of(program, auth).client_credentials(scope="books:read")
    assert requests.get(program.books, auth=token, timeout=10).status_code == 200


@pytest.mark.parametrize("algorithm", ["ES256", "PS256"])
def test_dpop_at_the_token_service_and_the_gateway(program: Program, algorithm: str) -> None:
    auth = (program.client_id, program.client_secret)
    client = client_of(program, auth, dpop_alg=algorithm)
    token = client.client_credentials(scope="books:read", dpop=True)
    assert isinstance(token, DPoPToken) and token.token_type.lower() == "dpop"
    for _ in range(3):
        assert requests.get(program.books, auth=token, timeout=10).status_code == 200
    shown = client.introspect_token(token)
    assert shown["cnf"] == {"jkt": token.dpop_key.dpop_jkt} and shown["token_type"] == "DPoP"
    stolen = {"authorization": f"Bearer {token.access_token}"}
    assert requests.get(program.books, headers=stolen, timeout=10).status_code == 401
    # By hand: it takes every challenge of DPoP for a wish for a nonce.
    proof = DPoPKey.generate("ES256").proof("GET", program.books, _hash(token.access_token))
    other = {"authorization": f"DPoP {token.access_token}", "dpop": str(proof)}
    assert requests.get(program.books, headers=other, timeout=10).status_code == 401


def test_private_key_jwt_and_dpop_together(running: Running) -> None:
    program, key = running.program(), key_pair("ES256")
    running.register_key(program, key)
    running.demand_dpop(program)
    client = client_of(program, PrivateKeyJwt(program.client_id, key.private, aud=program.issuer))
    token = client.client_credentials(scope="books:read", dpop=True)
    assert requests.get(program.books, auth=token, timeout=10).status_code == 200


def test_exchange_of_an_own_token(running: Running, program: Program) -> None:
    """Another program acts with it: never wider than both of them may."""
    owner = client_of(program, (program.client_id, program.client_secret))
    other = running.program()
    client = client_of(other, (other.client_id, other.client_secret))
    subject = owner.client_credentials(scope="books:read")
    token = client.token_exchange(subject_token=subject, resource=program.gateway)
    assert token.issued_token_type == "urn:ietf:params:oauth:token-type:access_token"
    claims = client.introspect_token(token)
    assert (claims["sub"], claims["act"]) == (program.client_id, {"sub": other.client_id})
    assert claims["client_id"] == other.client_id
    assert claims["scope"].startswith("urn:default:") and claims["scope"].endswith(":books:read")
    assert requests.get(program.books, auth=token, timeout=10).status_code == 200


def test_exchange_of_a_key_managers_token(program: Program, issuer: Issuer) -> None:
    client = client_of(program, (program.client_id, program.client_secret))
    token = client.token_exchange(
        subject_token=issuer.token("alice"), subject_token_type="jwt", scope="books:read"
    )
    assert client.introspect_token(token)["sub"] == "alice"
    assert requests.get(program.books, auth=token, timeout=10).status_code == 200


def test_jwt_bearer_of_a_key_manager(program: Program, issuer: Issuer) -> None:
    client = client_of(program, (program.client_id, program.client_secret))
    token = client.jwt_bearer(issuer.token("alice"), scope="books:read")
    assert client.introspect_token(token)["sub"] == "alice"
    assert requests.get(program.books, auth=token, timeout=10).status_code == 200
