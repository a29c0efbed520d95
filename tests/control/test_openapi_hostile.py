"""Hostile and mutated documents: refused within bounds, or read; never anything else."""

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.control.documents import SCHEMES, document

from gatewright.control.openapi.document import read_document
from gatewright.domain.errors import Invalid, TooLarge

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = [
    pytest.param(BOMB, id="billion laughs"),
    pytest.param("a: &a {b: *a}", id="alias of itself"),
    pytest.param("a: *none", id="alias of nothing"),
    pytest.param("[" * 200_000, id="deep flow sequence"),
    pytest.param('{"a":' * 200_000, id="deep JSON"),
    pytest.param("{a: " * 200_000, id="deep flow mapping"),
    pytest.param("- " * 100_000, id="deep block sequence"),
    pytest.param("[" * 101 + "]" * 101, id="just too deep"),
    pytest.param("? [a, b]\n: c", id="key a list"),
    pytest.param("? {a: b}\n: c", id="key a mapping"),
    pytest.param("!!python/object/apply:os.system ['true']", id="python object"),
    pytest.param("a: !!python/name:os.system", id="python name"),
    pytest.param("", id="empty"),
    pytest.param("just text", id="a scalar"),
    pytest.param("- a", id="a list"),
    pytest.param("null", id="null"),
    pytest.param("a: b: c", id="broken YAML"),
    pytest.param("a:\n\t- b", id="tab"),
    pytest.param("{", id="half JSON"),
    pytest.param("\x00", id="NUL"),
    pytest.param("\ud800", id="half a surrogate pair"),
    pytest.param('{"openapi":"3.0.0","info":{"title":"\\ud800"},"paths":{"/a":{"get":{}}}}',
                 id="escaped half pair"),
    pytest.param("%YAML 9.9\n---\na: b", id="unknown YAML"),
    pytest.param("<html></html>", id="a page"),
    pytest.param("--- a\n--- b", id="two documents"),
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_refused_quickly(text):
    start = time.perf_counter()
    with pytest.raises(Invalid) as caught:
        read_document(text)
    assert time.perf_counter() - start < 5
    assert caught.value.field == "document" and caught.value.way_out
    assert len(caught.value.reason) < 1000


def test_too_large_is_said():
    with pytest.raises(TooLarge):
        read_document("#" * (5 * 1024 * 1024 + 1))
    with pytest.raises(TooLarge):
        read_document("é" * (3 * 1024 * 1024))


def test_schema_cycles_and_aliases_live():
    text = """
openapi: 3.0.0
info: {title: A, version: "1.0"}
components: {schemas: {node: {properties: {next: {$ref: "#/components/schemas/node"}}}}}
x-common: &common {responses: {200: {description: ok}}}
paths:
  /a: {get: *common, post: *common}
"""
    keys = [operation.key for operation in read_document(text).definition.operations]
    assert keys == ["GET /a", "POST /a"]


def test_large_document_is_read_in_time():
    filler = {f"schema{n}": {"type": "object", "description": "x" * 200} for n in range(15_000)}
    text = document(components={"securitySchemes": SCHEMES, "schemas": filler})
    assert 3_000_000 < len(text) < 5 * 1024 * 1024
    start = time.perf_counter()
    read_document(text)
    assert time.perf_counter() - start < 10


def test_warnings_are_bounded():
    paths = {f"/{n}": {"get": {}, "trace": {}} for n in range(1000)}
    found = read_document(document(paths=paths)).warnings
    assert len(found) == 201 and found[-1].message == "And 800 more warnings."


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip
BASE = json.loads(
    document(
        paths={
            "/books/{id}": {
                "get": {"summary": "s", "operationId": "o", "security": [{"sts": ["read"]}, {}]},
                "parameters": [], "$ref": "#/components/pathItems/x",
            },
            "/books": {"post": {"security": [{"key": []}]}},
        },
        servers=[{"url": "https://{a}/x", "variables": {"a": {"default": "h"}}}],
    )
)  # fmt: skip


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from places(item, (*path, at))


def mutated(place, new):
    whole = json.loads(json.dumps({"root": BASE}))
    spot = whole
    *way, last = ("root", *place)
    for step in way:
        spot = spot[step]
    spot[last] = new
    return json.dumps(whole["root"])


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(list(places(BASE))), JSON, st.sampled_from([None, "http://h/x"]))
def test_a_mutated_document_is_refused_or_read(place, new, source):
    try:
        imported = read_document(mutated(place, new), source)
    except (Invalid, TooLarge):
        return
    assert imported.definition.operations


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b.decode("latin-1")))
def test_any_text_is_refused_or_read(text):
    try:
        read_document("openapi: 3.0.0\n" + text)
    except (Invalid, TooLarge):
        return


WRONG_TYPES = [None, True, 0, -1.5, "", "x", [], [None], [[]], {}, {"": None}, {"x": {"y": []}}]


@pytest.mark.parametrize("place", list(places(BASE)), ids=lambda place: "/".join(map(str, place)))
def test_wrong_types_at_every_place_are_refused_or_read(place):
    for new in WRONG_TYPES:
        try:
            read_document(mutated(place, new), "http://h/x")
        except Invalid as error:
            assert error.reason and error.way_out
