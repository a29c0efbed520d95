"""What documents say about who may call, and what becomes of it: never more open than meant."""

import pytest
from tests.control.documents import SCHEMES, messages, read

from gatewright.control.findings import Refused
from gatewright.domain.api_key import RESERVED_SCOPES
from gatewright.domain.operation import ANY_TOKEN

MORE = SCHEMES | {
    "own": {"type": "apiKey", "in": "header", "name": "API-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "key"},
    "authorization": {"type": "apiKey", "in": "header", "name": "Authorization"},
    "mtls": {"type": "mutualTLS"},
    "digest": {"type": "http", "scheme": "digest"},
    "nothing": {},
}
READ, WRITE = frozenset({"read"}), frozenset({"write"})


def needed(imported):
    (operation,) = imported.definition.operations
    return operation.alternatives, operation.anonymous


def keyed(imported):
    (operation,) = imported.definition.operations
    return operation.alternatives, operation.anonymous, operation.api_key


CASES = [
    pytest.param([{"sts": ["read"]}], ((READ,), False), None, id="one scope"),
    pytest.param([{"sts": ["read", "write"]}], ((READ | WRITE,), False), None, id="all of two"),
    pytest.param(
        [{"sts": ["read"]}, {"sts": ["write"]}], ((READ, WRITE), False), None, id="any of two"
    ),
    pytest.param(
        [{"sts": ["read"], "oidc": ["write"]}], ((READ | WRITE,), False), None, id="two schemes"
    ),
    pytest.param([{"bearer": []}], (ANY_TOKEN, False), None, id="bearer"),
    pytest.param([{"key": []}], ((), False), "in the header `api-key` here", id="api key"),
    pytest.param([{"basic": []}], (ANY_TOKEN, False), "'basic' is treated as", id="basic"),
    pytest.param([], (ANY_TOKEN, True), "Anonymous", id="empty list"),
    pytest.param([{}], (ANY_TOKEN, True), "Anonymous", id="empty requirement"),
    pytest.param([{"sts": ["read"]}, {}], (ANY_TOKEN, True), "Anonymous", id="optional"),
    pytest.param(
        [{"sts": ["read"]}, {"sts": []}], (ANY_TOKEN, False), "any token will do", id="or any token"
    ),
    pytest.param(
        [{"sts": ["new"]}], ((frozenset({"new"}),), False), "is defined now", id="undefined scope"
    ),
]


@pytest.mark.parametrize("security, expected, warning", CASES)
@pytest.mark.parametrize("place", ["document", "operation"])
def test_security_becomes(security, expected, warning, place):
    if place == "document":
        imported = read(security=security)
    else:
        imported = read(security=[{"bearer": []}], paths={"/b": {"get": {"security": security}}})
    assert needed(imported) == expected
    found = [message for message in messages(imported) if "security" in message]
    assert (not found) if warning is None else any(warning in message for message in found)


KEY_CASES = [
    pytest.param([{"sts": ["read"]}], ((READ,), False, False), id="tokens only"),
    pytest.param([{"key": []}], ((), False, True), id="keys only"),
    pytest.param([{"sts": ["read"]}, {"key": []}], ((READ,), False, True), id="token or key"),
    pytest.param([{"key": []}, {"bearer": []}], (ANY_TOKEN, False, True), id="key or any token"),
    pytest.param([{"key": [], "own": []}], ((), False, True), id="two keys are one"),
    pytest.param([{"key": []}, {"own": []}], ((), False, True), id="either of two keys"),
    pytest.param([{"key": []}, {}], (ANY_TOKEN, True, False), id="optional key"),
    pytest.param([{"sts": ["read"], "basic": []}], ((READ,), False, False), id="basic with token"),
    pytest.param([{"query": []}], (ANY_TOKEN, False, False), id="key in query"),
    pytest.param([{"cookie": []}], (ANY_TOKEN, False, False), id="key in cookie"),
    pytest.param([{"mtls": []}], (ANY_TOKEN, False, False), id="mutual TLS"),
    pytest.param([{"digest": []}], (ANY_TOKEN, False, False), id="digest"),
    pytest.param([{"authorization": []}], (ANY_TOKEN, False, False), id="key in Authorization"),
    pytest.param([{"nothing": []}], (ANY_TOKEN, False, False), id="scheme without type"),
]


@pytest.mark.parametrize("security, expected", KEY_CASES)
def test_keys_and_what_is_none_are_never_free(security, expected):
    imported = read(components={"securitySchemes": MORE}, security=security)
    assert keyed(imported) == expected


@pytest.mark.parametrize(
    "name, way_out",
    [
        ("query", "in the header `api-key` only: write `in: header`"),
        ("cookie", "in the header `api-key` only: write `in: header`"),
        ("mtls", "tokens may be bound to one"),
        ("basic", "takes Bearer only"),
        ("authorization", "write `type: http, scheme: bearer`"),
    ],
)
def test_what_the_gateway_does_not_take_is_told_with_the_way_out(name, way_out):
    imported = read(components={"securitySchemes": MORE}, security=[{name: []}])
    told = [message for message in messages(imported) if "treated as any access token" in message]
    assert len(told) == 1 and way_out in told[0]


def test_a_key_under_gatewrights_own_name_is_no_news():
    imported = read(components={"securitySchemes": MORE}, security=[{"own": []}])
    assert not [message for message in messages(imported) if "api-key" in message]


@pytest.mark.parametrize(
    "security, location, reason",
    [
        pytest.param([{"sts": ["read"], "key": []}], "/security/0", "together", id="both"),
        pytest.param([{"basic": [], "key": []}], "/security/0", "together", id="basic and key"),
        pytest.param([{"key": []}, {"bearer": [], "key": []}], "/security/1", "two alternatives",
                     id="both in one alternative"),
        pytest.param([{"key": ["read"]}], "/security/0/key", "no scopes", id="key with scopes"),
    ],
)  # fmt: skip
def test_keys_that_can_not_be_decided_are_refused(security, location, reason):
    with pytest.raises(Refused) as caught:
        read(components={"securitySchemes": MORE}, security=security)
    found = {finding.location: finding.message for finding in caught.value.findings}
    assert reason in found[location]


def test_keys_at_one_operation_are_no_way_into_another():
    paths = {"/a": {"get": {"security": [{"key": []}]}}, "/b": {"get": {}}}
    imported = read(paths=paths)
    assert [item.api_key for item in imported.definition.operations] == [True, False]
    assert not imported.definition.access.api_keys, "that would open /b to keys"


@pytest.mark.parametrize("name", sorted(RESERVED_SCOPES))
def test_scopes_that_mark_keys_are_reserved(name):
    with pytest.raises(Refused):
        read(security=[{"sts": [name]}])
    flows = {"clientCredentials": {"scopes": {name: "", "read": ""}}}
    imported = read(components={"securitySchemes": {"sts": {"type": "oauth2", "flows": flows}}})
    assert [scope.name for scope in imported.definition.scopes] == ["read"]


def test_nothing_said_asks_for_a_token_and_warns():
    imported = read(security=None)
    assert needed(imported) == (ANY_TOKEN, False)
    assert any("declare no security" in message for message in messages(imported))


@pytest.mark.parametrize(
    "security, location",
    [
        pytest.param([{"unknown": []}], "/security/0/unknown", id="unknown scheme"),
        pytest.param("sts", "/security", id="text"),
        pytest.param({"sts": []}, "/security", id="mapping"),
        pytest.param(["sts"], "/security/0", id="list of text"),
        pytest.param([{"sts": None}], "/security/0/sts", id="scopes null"),
        pytest.param([{"sts": "read"}], "/security/0/sts", id="scopes text"),
        pytest.param([{"sts": ["a b"]}], "/security/0/sts/0", id="scope with blank"),
        pytest.param([{"sts": [["read"]]}], "/security/0/sts/0", id="scope a list"),
        pytest.param([{"sts": [""]}], "/security/0/sts/0", id="scope empty"),
        pytest.param([{"sts": [f"s{n}" for n in range(51)]}], "/paths/~1b/get", id="too many"),
    ],
)
def test_unclear_security_is_refused_where_it_stands(security, location):
    with pytest.raises(Refused) as caught:
        read(paths={"/b": {"get": {}}}, security=security)
    assert location in [finding.location for finding in caught.value.findings]


def test_null_security_of_an_operation_is_refused():
    with pytest.raises(Refused):
        read(paths={"/b": {"get": {"security": None}}})


def test_scopes_come_with_their_descriptions_from_every_flow():
    flows = {
        "implicit": {"scopes": {"a": ""}},
        "authorizationCode": {"scopes": {"a": "Later words win over none", "b": 5, "c d": "bad"}},
    }
    imported = read(
        components={"securitySchemes": {"sts": {"type": "oauth2", "flows": flows}}},
        security=[{"sts": ["a"]}],
    )
    found = {scope.name: scope.description for scope in imported.definition.scopes}
    assert found == {"a": "Later words win over none", "b": "5"}
    assert any("'c d'" in message for message in messages(imported))


def test_swagger_schemes_and_scopes():
    imported = read(
        openapi=None,
        swagger="2.0",
        components=None,
        securityDefinitions={"sts": {"type": "oauth2", "scopes": {"read": "Read"}}},
    )
    assert needed(imported) == ((READ,), False)
    assert imported.definition.scopes[0].description == "Read"


def test_scheme_behind_a_reference():
    schemes = {"sts": {"$ref": "#/components/x-here"}}
    imported = read(
        components={"securitySchemes": schemes, "x-here": {"type": "http", "scheme": "bearer"}},
        security=[{"sts": []}],
    )
    assert not [message for message in messages(imported) if "treated" in message]
