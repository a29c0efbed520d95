"""Clients that prove a key, where token service and gateway demand nonces (RFC 9449 §8, §9)."""

from collections.abc import Iterator

import pytest
import requests
from requests_oauth2client import DPoPKey, PrivateKeyJwt
from tests.interop.installation import Program, Running
from tests.interop.keys import key_pair
from tests.interop.scripts import Scripts
from tests.interop.test_oauth4webapi import SCRIPT as OAUTH4WEBAPI
from tests.interop.test_oauth4webapi import check as check_oauth4webapi
from tests.interop.test_openid_client import SCRIPT as OPENID_CLIENT
from tests.interop.test_openid_client import check as check_openid_client
from tests.interop.test_requests_oauth2client import client_of
from tests.journeys.conftest import start

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def demanding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A second installation, as this is a setting of the whole."""
    folder = tmp_path_factory.mktemp("nonces") / "data"
    started = start(folder, "--ephemeral", GATEWRIGHT_DPOP_NONCE="required")
    running = Running(started)
    yield running
    running.close()
    started.stop()


@pytest.fixture(scope="module")
def program(demanding: Running) -> Program:
    return demanding.program()


def test_requests_oauth2client(demanding: Running) -> None:
    """With an assertion that is good once: the refusal for the nonce must not have used it up."""
    program, key, dpop_key = demanding.program(), key_pair("ES256"), DPoPKey.generate()
    demanding.register_key(program, key)
    auth = PrivateKeyJwt(program.client_id, key.private, aud=program.issuer)
    client = client_of(program, auth)
    token = client.client_credentials(scope="books:read", dpop=True, dpop_key=dpop_key)
    assert dpop_key.as_nonce
    for _ in range(3):
        assert requests.get(program.books, auth=token, timeout=10).status_code == 200
    assert dpop_key.rs_nonce


def test_oauth4webapi(scripts: Scripts, program: Program) -> None:
    told = program.told(dpop="ES256", audience=program.gateway)
    check_oauth4webapi(program, scripts.ask(OAUTH4WEBAPI, "whole", told), "dpop")


def test_openid_client(scripts: Scripts, program: Program) -> None:
    told = program.told(algorithm="oidc", dpop="ES256")
    check_openid_client(scripts.ask(OPENID_CLIENT, "whole", told), "dpop")
