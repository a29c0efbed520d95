"""Paths, methods, references and servers: what is served, what is left out, what is refused."""

import pytest
from tests.control.documents import document, messages, read

from gatewright.control.findings import Refused
from gatewright.control.openapi.document import read_document

GET = {"get": {}}


def keys(imported):
    return [operation.key for operation in imported.definition.operations]


def test_every_unserveable_path_is_told_at_once_with_its_line():
    text = """
openapi: 3.1.0
info: {title: A, version: 1.0}
paths:
  books: {get: {}}
  /a b: {get: {}}
  /ok: {get: {}}
  /{x}/{x}: {get: {}}
  /..: {get: {}}
  /a?q=1: {get: {}}
"""
    with pytest.raises(Refused) as caught:
        read_document(text)
    assert [finding.location for finding in caught.value.findings] == [
        "/paths/books (line 5)", "/paths/~1a b (line 6)", "/paths/~1{x}~1{x} (line 8)",
        "/paths/~1.. (line 9)", "/paths/~1a?q=1 (line 10)",
    ]  # fmt: skip


def test_literal_before_templated():
    imported = read(
        paths={
            "/{any}": GET, "/*": GET, "/a/{x}/c": GET, "/a/b/{y}": GET, "/a/v{x}/c": GET,
            "/books": {"post": {}, "get": {}}, "/": GET,
        }
    )  # fmt: skip
    assert keys(imported) == [
        "GET /books", "POST /books", "GET /", "GET /a/b/{y}", "GET /a/v{x}/c",
        "GET /a/{x}/c", "GET /{any}", "GET /*",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "paths, kept, warning",
    [
        pytest.param({"/a": {"get": {}, "trace": {}}}, ["GET /a"], "'trace'", id="trace"),
        pytest.param({"/a": {"get": {}, "query": {}}}, ["GET /a"], "'query'", id="unknown method"),
        pytest.param({"/a": {"get": {}, "GET": {}}}, ["GET /a"], "'GET'", id="upper case"),
        pytest.param({"/a": GET, "/b": None}, ["GET /a"], "not a mapping", id="null item"),
        pytest.param({"/a": GET, "/b": []}, ["GET /a"], "not a mapping", id="list item"),
        pytest.param({"/a": {"get": {}, "put": 5}}, ["GET /a"], "not a mapping", id="number"),
        pytest.param(
            {"/a": GET, "/b": {"$ref": "other.yaml#/b"}}, ["GET /a"], "other documents", id="away"
        ),
        pytest.param(
            {"/a": GET, "/b": {"$ref": "#/paths/~1b"}}, ["GET /a"], "circle", id="circle"
        ),
        pytest.param({"/a": GET, "/b": {"$ref": "#/none"}}, ["GET /a"], "nowhere", id="nowhere"),
        pytest.param({"/a": GET, "/b": {"$ref": []}}, ["GET /a"], "not text", id="not text"),
        pytest.param(
            {"/a/{x}": GET, "/a/{y}": {"post": {}}},
            ["GET /a/{x}", "POST /a/{y}"], "same calls", id="same shape, other method",
        ),
        pytest.param(
            {"/a": {"get": {"servers": []}}}, ["GET /a"], "not used", id="operation servers"
        ),
        pytest.param({"/a": GET, "x-note": 5}, ["GET /a"], None, id="extension"),
    ],
)  # fmt: skip
def test_left_out_with_a_warning(paths, kept, warning):
    imported = read(paths=paths)
    assert keys(imported) == kept
    found = messages(imported)
    assert any(warning in message for message in found) if warning else not found


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(document(paths={"/a/{x}": GET, "/a/{y}": GET}), id="same shape and method"),
        pytest.param(document(paths={"/a%2f": GET, "/a%2F": GET}), id="same encoded path"),
        pytest.param(document(paths={}), id="no paths"),
        pytest.param(document(paths={"/a": {}}), id="no operations"),
        pytest.param(document(paths=[]), id="paths a list"),
        pytest.param(document(paths={f"/{n}": GET for n in range(2001)}), id="too many"),
        pytest.param('{"openapi":"3.0.0","paths":{"/a":{"get":{}},"/a":{}}}', id="path twice"),
        pytest.param('{"openapi":"3.0.0","paths":{"/a":{"get":{},"get":{}}}}', id="method twice"),
        pytest.param(
            '{"openapi":"3.0.0","paths":{"/a":{"get":{}}},"paths":{"/b":{"get":{}}}}',
            id="paths twice",
        ),
        pytest.param(
            '{"openapi":"3.0.0","paths":{"/a":{"get":{"security":[],"security":[]}}}}',
            id="security twice",
        ),
        pytest.param(document(openapi="4.0.0"), id="future"),
        pytest.param(document(openapi=None), id="no version"),
        pytest.param(document(openapi=None, swagger="1.2"), id="swagger 1.2"),
    ],
)
def test_refused_because_routing_or_security_would_break(text):
    with pytest.raises(Refused) as caught:
        read_document(text)
    assert caught.value.findings and caught.value.way_out


def test_harmless_repetition_is_a_warning():
    imported = read_document(
        '{"openapi":"3.0.0","info":{"title":"A","title":"B","version":"1.0"},'
        '"paths":{"/a":{"get":{}}}}'
    )
    assert imported.name == "B"
    assert any(message.startswith("/info/title: 'title' stands") for message in messages(imported))


def test_path_item_behind_references_in_3_1():
    imported = read(
        openapi="3.1.0",
        components={"pathItems": {"one": {"$ref": "#/components/pathItems/two"}, "two": GET}},
        security=None,
        paths={"/a": {"$ref": "#/components/pathItems/one"}},
    )
    assert keys(imported) == ["GET /a"]


@pytest.mark.parametrize(
    "parts, source, upstream",
    [
        pytest.param({}, None, "https://books.example", id="absolute"),
        pytest.param({"servers": [{"url": "/v1/"}]}, "http://h:81/d/o.yaml", "http://h:81/v1",
                     id="relative"),
        pytest.param({"servers": [{"url": "api"}]}, "http://h/d/o.yaml", "http://h/d/api",
                     id="relative to folder"),
        pytest.param({"servers": [{"url": "/v1"}]}, None, None, id="relative to nothing"),
        pytest.param({"servers": None}, None, None, id="none"),
        pytest.param({"servers": [{"url": "https://{r}.x/{b}", "variables": {
            "r": {"default": "eu"}, "b": {"default": "v2"}}}]}, None, "https://eu.x/v2",
            id="variables"),
        pytest.param({"servers": [{"url": "https://{r}.x"}]}, None, None, id="no default"),
        pytest.param({"servers": [{"url": "ws://x"}]}, None, None, id="other scheme"),
        pytest.param({"servers": [{"url": "http://[bad"}]}, "http://h/", None, id="broken"),
        pytest.param({"servers": "https://x"}, None, None, id="wrong type"),
        pytest.param({"openapi": None, "swagger": "2.0", "host": "h:8", "basePath": "/b",
                      "schemes": ["http"]}, None, "http://h:8/b", id="swagger"),
        pytest.param({"openapi": None, "swagger": "2.0", "host": "h", "schemes": ["http", "https"]},
                     None, "https://h", id="swagger prefers https"),
        pytest.param({"openapi": None, "swagger": "2.0", "basePath": "/b"}, "http://h:1/s.json",
                     "http://h:1/b", id="swagger from its source"),
        pytest.param({"openapi": None, "swagger": "2.0"}, None, None, id="swagger without host"),
    ],
)  # fmt: skip
def test_upstream(parts, source, upstream):
    if "swagger" in parts:
        parts = {**parts, "components": None, "security": None}
    imported = read_document(document(**parts), source)
    assert imported.upstream == upstream
    assert bool(imported.upstream_warnings) is (upstream is None)


@pytest.mark.parametrize(
    "version, taken, warned",
    [
        ("1.0", "v1.0", False), ("v2.3", "v2.3", False), ("1.10", "v1.10", False),
        ("1.2.3", "v1.2", True), ("3", "v3.0", True), ("2024-01", "v2024.0", True),
        ("latest", "v1.0", True), ("", "v1.0", True), (None, "v1.0", True),
        ("999999.1", "v1.0", True), ("1.02", "v1.2", False),
    ],
)  # fmt: skip
def test_version_is_guessed_with_a_warning(version, taken, warned):
    imported = read(info={"title": "A", "version": version})
    assert (imported.version, bool(imported.version_warnings)) == (taken, warned)


def test_unquoted_version_keeps_its_digits():
    imported = read_document(
        "swagger: 2.0\ninfo: {title: A, version: 1.10}\npaths: {/a: {get: {}}}"
    )
    assert imported.version == "v1.10"


def test_texts_are_cleaned_and_cut():
    paths = {"/a": {"get": {"summary": "a\u0000b\u202ec\nd" + "x" * 300, "operationId": 5}}}
    (operation,) = read(paths=paths).definition.operations
    assert operation.summary.startswith("a b c dxxx") and len(operation.summary) == 200
    assert operation.operation_id == "5"


def test_title_is_cut_to_a_name():
    assert len(read(info={"title": "t" * 500, "version": "1.0"}).name) == 100
    assert read(info=None).name == "API"
