"""openid-client: discovery under both spellings, tokens, calls, introspection, revocation."""

from typing import Any

import pytest
from tests.interop.installation import Program, Running
from tests.interop.issuer import Issuer
from tests.interop.keys import key_pair
from tests.interop.scripts import Scripts

pytestmark = pytest.mark.real
SCRIPT = "openid-client"


def check(said: dict[str, Any], token_type: str = "bearer") -> None:
    """All that one way through has to show."""
    assert said["token"]["token_type"] == token_type
    assert said["status"] == 200 and said["statusAfter"] == 401
    assert said["before"]["active"] is True and said["after"] == {"active": False}


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("algorithm", ["oauth2", "oidc"])
def test_by_secret(scripts: Scripts, program: Program, method: str, algorithm: str) -> None:
    told = program.told(method=method, algorithm=algorithm, parameters={"scope": "books:read"})
    said = scripts.ask(SCRIPT, "whole", told)
    check(said)
    assert said["token"]["scope"] == "books:read"


def test_refused_scope_is_its_own_error(scripts: Scripts, program: Program) -> None:
    told = program.told(algorithm="oauth2", parameters={"scope": "no:such"})
    said = scripts.ask(SCRIPT, "refused", told)
    assert (said["name"], said["error"]) == ("ResponseBodyError", "invalid_scope")


def test_by_private_key_jwt(scripts: Scripts, running: Running) -> None:
    program, key = running.program(), key_pair("ES256")
    running.register_key(program, key)
    told = program.told(method="private_key_jwt", key=key.private, algorithm="oidc")
    check(scripts.ask(SCRIPT, "whole", told))


@pytest.mark.parametrize("algorithm", ["ES256", "PS256"])
def test_by_dpop(scripts: Scripts, program: Program, algorithm: str) -> None:
    told = program.told(algorithm="oidc", dpop=algorithm)
    check(said := scripts.ask(SCRIPT, "whole", told), "dpop")
    assert set(said["before"]["cnf"]) == {"jkt"}


def test_by_private_key_jwt_and_dpop(scripts: Scripts, running: Running) -> None:
    """As FAPI 2.0 wants a client of machines."""
    program, key = running.program(), key_pair("ES256")
    running.register_key(program, key)
    running.demand_dpop(program)
    told = program.told(method="private_key_jwt", key=key.private, algorithm="oidc", dpop="ES256")
    check(scripts.ask(SCRIPT, "whole", told), "dpop")


@pytest.mark.parametrize("dpop", [None, "ES256"], ids=["bearer", "dpop"])
def test_jwt_bearer(scripts: Scripts, program: Program, issuer: Issuer, dpop: str | None) -> None:
    told = program.told(
        algorithm="oidc",
        dpop=dpop,
        grant="urn:ietf:params:oauth:grant-type:jwt-bearer",
        parameters={"assertion": issuer.token("alice"), "scope": "books:read"},
    )
    check(said := scripts.ask(SCRIPT, "whole", told), "dpop" if dpop else "bearer")
    assert said["before"]["sub"] == "alice"


def test_registration_with_a_key(scripts: Scripts, program: Program, running: Running) -> None:
    key = key_pair("ES256")
    told = program.told(
        key=key.private, publicKey=key.public, initialAccessToken=running.initial_access_token()
    )
    said = scripts.ask(SCRIPT, "register", told)
    assert "client_secret" not in said["made"]
    assert said["made"]["token_endpoint_auth_method"] == "private_key_jwt"
    assert said["token"]["token_type"] == "bearer"
