"""Nothing that carries security is lost on the way: merge keys, references, near misses."""

import json

import pytest
from tests.control.documents import document, messages, read

from gatewright.control.findings import Refused
from gatewright.control.openapi.document import read_document
from gatewright.control.openapi.text import NODES_MAX, load

HEAD = """
openapi: 3.0.3
info: {title: A, version: "1.0"}
components:
  securitySchemes:
    o: {type: oauth2, flows: {clientCredentials: {scopes: {read: R, admin: A}}}}
x-admin: &admin {security: [{o: [admin]}]}
x-open: &open {security: []}
x-both: &both {get: {security: [{o: [admin]}]}, post: {security: [{o: [read]}]}}
x-nested: &nested {<<: *admin}
"""
ROOT = "security: [{o: [read]}]\n"


def found(text):
    return {
        item.key: [sorted(names) for names in item.alternatives] if not item.anonymous else None
        for item in read_document(HEAD + text).definition.operations
    }


MERGED = [
    pytest.param("paths: {/a: {get: {<<: *admin}}}", {"GET /a": [["admin"]]}, id="operation"),
    pytest.param("paths: {/a: {get: {<<: *nested}}}", {"GET /a": [["admin"]]}, id="twice removed"),
    pytest.param(
        "paths: {/a: {get: {<<: [*admin, *open]}}}", {"GET /a": [["admin"]]}, id="first of a list"
    ),
    pytest.param(
        "paths: {/a: {get: {<<: [*open, *admin]}}}", {"GET /a": None}, id="first of a list, open"
    ),
    pytest.param(
        "paths: {/a: {get: {<<: *open, security: [{o: [admin]}]}}}", {"GET /a": [["admin"]]},
        id="own key after",
    ),
    pytest.param(
        "paths: {/a: {get: {security: [{o: [admin]}], <<: *open}}}", {"GET /a": [["admin"]]},
        id="own key before",
    ),
    pytest.param(
        "paths: {/a: {<<: *both, post: {}}}", {"GET /a": [["admin"]], "POST /a": [["read"]]},
        id="path item",
    ),
    pytest.param(
        "paths: {/a: {get: {security: [{<<: {o: [admin]}}]}}}", {"GET /a": [["admin"]]},
        id="requirement",
    ),
    pytest.param("<<: {paths: {/a: {get: {}}}}", {"GET /a": [["read"]]}, id="root"),
]  # fmt: skip


@pytest.mark.parametrize("text, expected", MERGED)
def test_merge_keys_are_obeyed(text, expected):
    assert found(ROOT + text) == expected


def test_merged_security_of_the_root_counts():
    assert found("<<: *admin\npaths: {/a: {get: {}}}") == {"GET /a": [["admin"]]}


def test_merged_keys_know_their_lines_and_repetitions():
    root = load("a: &a\n  b: 1\n  b: 2\nc:\n  <<: *a\n")
    assert root["c"] == {"b": "2"} and root["c"].lines["b"] == 3
    assert root["c"].repeated == ["b"]


UNCLEAR = [
    pytest.param("get: {<<: x}", "line", id="merge of text"),
    pytest.param("get: {<<: [x]}", "line", id="merge of a list of text"),
    pytest.param("get: {<<: *admin, <<: *open}", "line", id="two merges"),
    pytest.param('get: {"<<": *admin}', "/paths/~1a/get/<<", id="quoted"),
    pytest.param("get: {!!merge <<: *admin}", "/paths/~1a/get/<<", id="tagged"),
    pytest.param('get: {$ref: "#/x-admin"}', "/paths/~1a/get/$ref", id="reference"),
    pytest.param(
        'get: {$ref: "#/x-admin", security: []}', "/paths/~1a/get/$ref", id="reference and more"
    ),
    pytest.param("get: {Security: []}", "/paths/~1a/get/Security", id="another case"),
    pytest.param("get: {'security ': []}", "/paths/~1a/get/security ", id="blank"),
    pytest.param("security: [{o: [admin]}]", "/paths/~1a/security", id="of a path item"),
    pytest.param("get: {security: null}", "/paths/~1a/get/security", id="null"),
    pytest.param("get: {security: false}", "/paths/~1a/get/security", id="a boolean"),
    pytest.param("get: {security: {o: [admin]}}", "/paths/~1a/get/security", id="a mapping"),
    pytest.param("get: {security: [null]}", "/paths/~1a/get/security/0", id="a null in it"),
    pytest.param("get: {security: [[]]}", "/paths/~1a/get/security/0", id="a list in it"),
]


@pytest.mark.parametrize("item, location", UNCLEAR)
@pytest.mark.parametrize("root", [ROOT, ""], ids=["default", "no default"])
def test_unclear_security_is_refused_where_it_stands(root, item, location):
    with pytest.raises(Refused) as caught:
        read_document(f"{HEAD}{root}paths: {{/a: {{{item}, put: {{}}}}}}")
    first = caught.value.findings[0].location
    assert first.startswith(location) and "line" in first


@pytest.mark.parametrize("key", ["<<", "Security", "SECURITY"])
def test_unclear_keys_of_the_root_are_refused(key):
    with pytest.raises(Refused) as caught:
        read_document(document(**{key: []}))
    assert caught.value.findings[0].location == f"/{key}"


def test_merge_key_of_json_is_refused_in_a_scheme():
    schemes = {"o": {"type": "oauth2", "<<": {"flows": {}}}}
    with pytest.raises(Refused) as caught:
        read(components={"securitySchemes": schemes}, security=[{"o": []}])
    assert caught.value.findings[0].location == "/components/securitySchemes/o/<<"


@pytest.mark.parametrize(
    "key", ["x-security", "x-auth-type", "x-amazon-apigateway-auth", "x-scope", "x-wso2-Scopes"]
)
@pytest.mark.parametrize("place", ["root", "path item", "operation"])
def test_extensions_about_security_are_told(key, place):
    value, operation = {key: "admin"}, {"security": [{"sts": ["read"]}]}
    item = {"get": operation | (value if place == "operation" else {})}
    item |= value if place == "path item" else {}
    imported = read(paths={"/b": item}, **(value if place == "root" else {}))
    assert any(key in message and "not obeyed" in message for message in messages(imported))


def test_unknown_keys_of_an_operation_are_told():
    imported = read(paths={"/b": {"get": {"securty": [], "tags": [], "x-y": 1}}})
    assert [message for message in messages(imported) if "not read" in message] == [
        "/paths/~1b/get/securty: 'securty' is not read."
    ]


def test_merges_are_bounded():
    wide = ", ".join(f"k{n}: 1" for n in range(NODES_MAX // 100))
    many = "\n".join(f"m{n}: {{<<: *a}}" for n in range(101))
    with pytest.raises(Refused, match="too many"):
        load(f"a: &a {{{wide}}}\n{many}")


def test_control_characters_are_stripped_and_told():
    paths = {"/b": {"get": {"summary": "one\x1b[31m\ntwo", "operationId": "ok", "security": []}}}
    imported = read(paths=paths)
    assert imported.definition.operations[0].summary == "one [31m two"
    told = [item for item in messages(imported) if "control characters" in item]
    assert len(told) == 1 and "/paths/~1b/get/summary" in told[0]
    assert json.dumps(told)
