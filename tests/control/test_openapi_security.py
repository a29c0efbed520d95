"""What documents say about who may call, and what becomes of it: never more open than meant."""

import pytest
from tests.control.documents import messages, read

from gatewright.control.findings import Refused
from gatewright.domain.operation import ANY_TOKEN

READ, WRITE = frozenset({"read"}), frozenset({"write"})


def needed(imported):
    (operation,) = imported.definition.operations
    return operation.alternatives, operation.anonymous


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
    pytest.param([{"key": []}], (ANY_TOKEN, False), "'key' is treated as", id="api key"),
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
