"""API keys, test keys and headers of an API's own, good and bad, at a real Envoy."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.gateway.callers import Keys, key_pair
from tests.gateway.conftest import SANDBOX_PORT, World
from tests.gateway.keyed import SPOOFED, Callers
from tests.gateway.real import call

from gatewright.crypto.jwk import base64url
from gatewright.domain.environment import Kind

pytestmark = pytest.mark.real
NO_ALGORITHM = base64url(b'{"alg":"none"}')
API_KEYS = [
    pytest.param("/keyed/v1/read", lambda k: k.api_key("key_production"), 200, id="all scopes"),
    pytest.param("/keyed/v1/any", lambda k: k.api_key("key_production", ""), 200, id="any"),
    pytest.param("/keyed/v1/key", lambda k: k.api_key("key_production", ""), 200, id="a key alone"),
    pytest.param("/all/v1/key", lambda k: k.api_key("key_production", ""), 200, id="per operation"),
    pytest.param("/all/v1/read", lambda k: k.api_key("key_production", ""), 200, id="or a scope"),
    pytest.param("/keyed/v1/read", lambda k: k.api_key("key_production", "books:read"), 200,
                 id="its scope"),
    pytest.param("/keyed/v1/any", lambda k: k.api_key("key_production", exp=int(time.time()) + 60),
                 200, id="expires later"),
    pytest.param("/header/v1/any", lambda k: k.api_key("key_production"), 200, id="own header"),
    pytest.param("/keyed/v1/read", lambda k: k.api_key("key_production", "x"), 403, id="another"),
    pytest.param("/keyed/v1/nobody", lambda k: k.api_key("key_production"), 403, id="no way in"),
    pytest.param("/all/v1/any", lambda k: k.api_key("key_production"), 401, id="keys not taken"),
    pytest.param("/keyed/v1/any", lambda k: k.api_key("key_production", exp=1), 401, id="expired"),
    pytest.param("/keyed/v1/any", lambda k: k.api_key("key_gone"), 403, id="revoked"),
    pytest.param("/keyed/v1/any", lambda k: k.api_key("nowhere"), 403, id="unknown"),
    pytest.param("/keyed/v1/any", lambda k: k.api_key("other_production"), 403, id="a stranger's"),
    pytest.param("/other/v1/any", lambda k: k.api_key("key_production"), 401, id="other API"),
    pytest.param("/keyed/v1/any", lambda k: k.api_key("key_production")[4:], 401, id="no prefix"),
    pytest.param("/keyed/v1/any", lambda k: k.api_key("key_production").upper(), 401, id="garbled"),
    pytest.param("/keyed/v1/any", lambda k: k.api_key("key_production", iss=k.issuer[:-5]), 401,
                 id="issuer of tokens"),
    pytest.param("/keyed/v1/any", lambda k: k.api_key("key_production", jti="revoked-1"), 401,
                 id="revoked by jti"),
    pytest.param("/keyed/v1/any", lambda k: "gwk_" + k.test_key("/keyed"), 401, id="a test key"),
    pytest.param("/keyed/v1/any", lambda k: Keys(Kind.SANDBOX).api_key("key_sandbox"), 401,
                 id="sandbox"),
    pytest.param("/keyed/v1/any", lambda k: "", 401, id="empty"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "make", "status"), API_KEYS)
def test_api_keys(
    keyed: tuple[World, Callers], path: str, make: Callable[[Keys], str], status: int
) -> None:
    world, callers = keyed
    reply = world.call(path, headers={"api-key": make(callers.production), **SPOOFED})
    assert reply.status == status, reply
    if status == 200:
        assert not {"api-key", "x-gw-key-scope"} & set(reply.json["headers"])


TEST_KEYS = [
    pytest.param("/all/v1/any", lambda k: k.test_key("/all"), 200, id="own API"),
    pytest.param("/all/v1/read", lambda k: k.test_key("/all", "books:read"), 200, id="its scope"),
    pytest.param("/other/v1/any", lambda k: k.test_key("/other"), 200, id="without subscription"),
    pytest.param("/all/v1/read", lambda k: k.test_key("/all", "x"), 403, id="other scope"),
    pytest.param("/other/v1/any", lambda k: k.test_key("/all"), 401, id="other API"),
    pytest.param("/all/v1/any", lambda k: k.test_key("/all", environment="development"), 401,
                 id="other environment"),
    pytest.param("/all/v1/any", lambda k: k.test_key("/all", exp=1), 401, id="expired"),
    pytest.param("/all/v1/any", lambda k: k.test_key("/all", exp=None), 401, id="never expires"),
    pytest.param("/all/v1/any", lambda k: k.test_key("/all", jti="revoked-1"), 401, id="revoked"),
    pytest.param("/keyed/v1/any", lambda k: k.api_key("key_production")[4:], 401, id="an API key"),
    pytest.param("/keyed/v1/any", lambda k: k.api_key("key_production"), 401, id="with prefix"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "make", "status"), TEST_KEYS)
def test_test_keys(
    keyed: tuple[World, Callers], path: str, make: Callable[[Keys], str], status: int
) -> None:
    world, callers = keyed
    reply = world.call(path, headers={"test-key": make(callers.production), **SPOOFED})
    assert reply.status == status, reply
    if status == 200:
        assert "test-key" not in reply.json["headers"]


def test_keys_count_in_their_own_header_alone(keyed: tuple[World, Callers]) -> None:
    world, callers = keyed
    api_key = callers.production.api_key("key_production")
    test_key = callers.production.test_key("/keyed")
    path = "/keyed/v1/any"
    for text in (api_key, api_key[4:], test_key):
        assert world.call(path, text).status == 401
        assert world.call(f"{path}?api-key={text}&access_token={text}").status == 401
    assert world.call(path, headers={"api-key": world.token()}).status == 401
    assert world.call(path, headers={"test-key": world.token()}).status == 401
    sandbox = callers.sandbox.api_key("key_sandbox")
    assert world.call(path, headers={"api-key": sandbox}).status == 401
    assert call(SANDBOX_PORT, path, headers={"api-key": sandbox}).status == 200
    assert call(SANDBOX_PORT, path, headers={"api-key": api_key}).status == 401


def test_an_anonymous_operation_reads_no_key_and_passes_none_on(
    keyed: tuple[World, Callers],
) -> None:
    world, _ = keyed
    headers = {"api-key": "gwk_x", "test-key": "y", "x-access": "Bearer z", **SPOOFED}
    reply = world.call("/header/v1/open", "garbage", headers=headers)
    assert reply.status == 200
    assert not {*headers, "authorization"} & set(reply.json["headers"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"x-access": "Bearer {}"}, 200, id="own header"),
        pytest.param({"X-Access": "bearer {}"}, 200, id="in another case"),
        pytest.param({"authorization": "Bearer {}"}, 401, id="the usual header"),
        pytest.param({"x-access": "{}"}, 401, id="without a scheme"),
        pytest.param({"x-access": "DPoP {}"}, 401, id="scheme of proofs"),
        pytest.param({"x-access": "Basic {}"}, 401, id="another scheme"),
    ],
)
@pytest.mark.parametrize("outside", [False, True], ids=["ours", "theirs"])
def test_a_header_of_the_apis_own(
    keyed: tuple[World, Callers], headers: dict[str, str], status: int, outside: bool
) -> None:
    world, callers = keyed
    token = callers.oidc.token() if outside else world.token()
    sent = {name: value.format(token) for name, value in headers.items()}
    reply = world.call("/header/v1/read", headers=sent)
    assert reply.status == status, reply
    if status == 200:
        assert not {"x-access", "authorization"} & set(reply.json["headers"])
    assert world.call("/all/v1/read", headers={"x-access": f"Bearer {token}"}).status == 401


@pytest.mark.parametrize("bound_first", [False, True], ids=["behind", "before"])
@pytest.mark.parametrize(
    ("path", "claims"),
    [
        pytest.param("/header/v1/read", {"scope": "x"}, id="lends no scope"),
        pytest.param("/header/v1/any", {"jti": "revoked-1"}, id="hides no revocation"),
        pytest.param("/header/v1/any", {}, id="though one would do"),
    ],
)
def test_a_second_line_of_an_apis_own_header(
    keyed: tuple[World, Callers], path: str, claims: dict[str, Any], bound_first: bool
) -> None:
    """Envoy verifies each line: a bound token, which is nobody's there, leaves its claims."""
    world, _ = keyed
    bound = world.token(scope="x books:read y", gwk=None, gwb="client_reader_production.1")
    tokens = [world.token(**claims), bound]
    first, second = reversed(tokens) if bound_first else tokens
    sent = {"x-access": f"Bearer {first}", "X-Access": f"Bearer {second}"}
    reply = world.call(path, headers=sent)
    assert reply.status == 401, reply
    assert reply.json["code"] == "900901"


def test_forged_and_unsigned_keys_are_refused(
    keyed: tuple[World, Callers],
) -> None:
    world, callers = keyed
    forged = replace_signer(callers.production)
    for header, text in (
        ("api-key", forged.api_key("key_production")), ("test-key", forged.test_key("/keyed"))
    ):  # fmt: skip
        assert world.call("/keyed/v1/any", headers={header: text}).status == 401
    for text in (callers.production.api_key("key_production"), forged.api_key("key_production")):
        payload = text.split(".")[1]
        unsigned = f"gwk_{NO_ALGORITHM}.{payload}."
        assert world.call("/keyed/v1/any", headers={"api-key": unsigned}).status == 401


def replace_signer(keys: Keys) -> Keys:
    """Keys that another key signed under the same name."""
    forged = Keys(keys.kind)
    forged.key = key_pair(str(keys.key.kid))
    return forged
