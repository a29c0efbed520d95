"""oauth4webapi: discovery, tokens, its validator of RFC 9068 tokens, introspection, revocation."""

from typing import Any

import pytest
from tests.interop.installation import Program, Running
from tests.interop.issuer import Issuer
from tests.interop.keys import key_pair
from tests.interop.scripts import Scripts

pytestmark = pytest.mark.real
SCRIPT = "oauth4webapi"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"


def check(program: Program, said: dict[str, Any], token_type: str = "bearer") -> None:
    """All that one way through has to show."""
    assert said["token"]["token_type"] == token_type
    assert said["claims"]["exp"] - said["claims"]["iat"] == said["token"]["expires_in"] <= 900
    assert said["status"] == 200 and said["statusAfter"] == 401
    assert said["claims"]["iss"] == program.issuer
    assert said["claims"]["client_id"] == program.client_id
    assert said["before"]["active"] is True and said["after"] == {"active": False}


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("algorithm", ["oauth2", "oidc"])
def test_by_secret(scripts: Scripts, program: Program, method: str, algorithm: str) -> None:
    """`algorithm` is the spelling of the metadata's address (RFC 8414 §3, §5)."""
    told = program.told(
        method=method,
        algorithm=algorithm,
        audience=program.gateway,
        parameters={"scope": "books:read"},
    )
    check(program, said := scripts.ask(SCRIPT, "whole", told))
    assert said["claims"]["scope"] == said["token"]["scope"] == "books:read"


def test_wrong_secret_is_its_own_error(scripts: Scripts, program: Program) -> None:
    """With a challenge that it parses: the client sent Authorization (RFC 6749 §5.2)."""
    said = scripts.ask(SCRIPT, "refused", program.told(clientSecret="wrong"))
    assert said["status"] == 401
    assert said["name"] in ("WWWAuthenticateChallengeError", "ResponseBodyError")


def test_refused_scope_is_its_own_error(scripts: Scripts, program: Program) -> None:
    said = scripts.ask(SCRIPT, "refused", program.told(parameters={"scope": "no:such"}))
    assert (said["name"], said["error"]) == ("ResponseBodyError", "invalid_scope")
    assert "no:such" in said["description"]


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256", "EdDSA"])
def test_by_private_key_jwt(scripts: Scripts, running: Running, algorithm: str) -> None:
    program, key = running.program(), key_pair(algorithm)
    running.register_key(program, key)
    told = program.told(
        method="private_key_jwt",
        key=key.private,
        audience=program.gateway,
    )
    check(program, scripts.ask(SCRIPT, "whole", told))


@pytest.mark.parametrize("algorithm", ["ES256", "PS256", "Ed25519"])
def test_by_dpop(scripts: Scripts, program: Program, algorithm: str) -> None:
    """Its validator checks token and proof of the call that the gateway let through."""
    told = program.told(dpop=algorithm, audience=program.gateway)
    said = scripts.ask(SCRIPT, "whole", told)
    check(program, said, "dpop")
    assert said["claims"]["cnf"] == said["before"]["cnf"]
    assert said["before"]["token_type"] == "DPoP"


def test_token_for_one_api_satisfies_its_validator_there(
    scripts: Scripts, program: Program
) -> None:
    told = program.told(audience=program.resource, parameters={"resource": program.resource})
    check(program, scripts.ask(SCRIPT, "whole", told))


def test_signed_introspection(scripts: Scripts, program: Program) -> None:
    """RFC 9701, with the signature checked against the issuer's keys."""
    said = scripts.ask(SCRIPT, "signedIntrospection", program.told(signing="ES256"))
    assert said["contentType"].startswith("application/token-introspection+jwt")
    assert said["claims"]["active"] is True
    assert said["claims"]["client_id"] == program.client_id


def test_token_exchange(scripts: Scripts, program: Program, issuer: Issuer) -> None:
    parameters = {"subject_token": issuer.token("alice"), "subject_token_type": JWT}
    told = program.told(grant=EXCHANGE, parameters=parameters, audience=program.gateway)
    check(program, said := scripts.ask(SCRIPT, "whole", told))
    assert said["token"]["issued_token_type"] == ACCESS_TOKEN
    assert said["claims"]["sub"] == "alice"
    assert said["claims"]["act"] == {"sub": program.client_id}


def test_token_exchange_with_dpop(scripts: Scripts, program: Program, issuer: Issuer) -> None:
    parameters = {"subject_token": issuer.token("alice"), "subject_token_type": JWT}
    told = program.told(
        grant=EXCHANGE, parameters=parameters, audience=program.gateway, dpop="ES256"
    )
    check(program, scripts.ask(SCRIPT, "whole", told), "dpop")


def test_metadata_states_what_a_client_chooses_by(scripts: Scripts, program: Program) -> None:
    """Read and accepted by its own checks (RFC 8414 §3.3)."""
    said = scripts.ask(SCRIPT, "metadata", program.told())
    assert said["issuer"] == program.issuer
    assert {"client_credentials", EXCHANGE} <= set(said["grant_types_supported"])
    assert "private_key_jwt" in said["token_endpoint_auth_methods_supported"]
    signing = said["token_endpoint_auth_signing_alg_values_supported"]
    assert {"ES256", "PS256"} <= set(signing) and "none" not in signing
    assert "ES256" in said["dpop_signing_alg_values_supported"]


def test_the_way_from_a_refusal_to_the_issuer(scripts: Scripts, program: Program) -> None:
    """RFC 9728: the challenge leads to the document that a client computes as well."""
    said = scripts.ask(SCRIPT, "resource", program.told())
    assert said["address"] == said["asked"]
    assert said["found"]["resource"] == program.resource
    assert said["found"]["authorization_servers"] == [program.issuer]
    assert "books:read" in said["found"]["scopes_supported"]


def test_registration(scripts: Scripts, program: Program, running: Running) -> None:
    told = program.told(initialAccessToken=running.initial_access_token())
    said = scripts.ask(SCRIPT, "register", told)
    assert said["made"]["client_secret_expires_at"] == 0
    assert said["token"]["token_type"] == "bearer"
