"""The work that a document makes, counted: small texts must not multiply by aliases."""

import contextlib
import json
from collections import Counter

import pytest
from tests.control.documents import SCHEMES, document

from gatewright.control.findings import Finding
from gatewright.control.openapi import operations, reading, security
from gatewright.control.openapi.document import read_document
from gatewright.control.openapi.reading import Node, Reading
from gatewright.domain.errors import Invalid

HEAD = f"""
openapi: 3.0.0
info: {{title: A, version: '1.0'}}
components: {{securitySchemes: {json.dumps(SCHEMES)}}}
"""
MANY = 1000


def paths(item):
    return "paths:\n" + "".join(f"  /p{n}: {item}\n" for n in range(MANY))


def listed(text, count=MANY):
    return "[" + ", ".join([text] * count) + "]"


WORK = [
    pytest.param(
        f"x-s: &s {listed('{sts: [read]}', 90)}\n" + paths("{get: {security: *s}}"), id="security"
    ),
    pytest.param(
        f"x-s: &s {listed('{key: [new]}', 90)}\n" + paths("{get: {security: *s}}"), id="warnings"
    ),
    pytest.param(f"x-s: &s {listed('{sts: [read]}')}\n" + paths("{get: {security: *s}}"),
                 id="too many alternatives"),
    pytest.param(
        "x-i: &i {" + ", ".join(f"k{n}: 1" for n in range(MANY // 2)) + ", get: {}}\n"
        + paths("*i"), id="path item by alias",
    ),
    pytest.param(
        "x-i: {" + ", ".join(f"k{n}: 1" for n in range(MANY)) + ", get: {}}\n"
        + paths("{$ref: '#/x-i'}"), id="path item by reference",
    ),
    pytest.param(
        "x-i: {get: {" + ", ".join(f"k{n}: 1" for n in range(MANY)) + "}}\n"
        + paths("{$ref: '#/x-i'}"), id="operation by reference",
    ),
    pytest.param(
        "x-i: {get: {}, put: {}, post: {}, patch: {}, delete: {}}\n" + paths("{$ref: '#/x-i'}"),
        id="too many operations",
    ),
]  # fmt: skip


@pytest.fixture
def counted(monkeypatch):
    """How often the parts that cost something run."""
    counts = Counter()

    def count(owner, name):
        original = getattr(owner, name)

        def counting(*args, **options):
            counts[name] += 1
            return original(*args, **options)

        monkeypatch.setattr(owner, name, counting)

    count(security, "_requirement")
    count(security, "_scope")
    count(operations, "_operation")
    count(reading, "escape")
    count(Reading, "warn")
    count(Finding, "__eq__")
    return counts


@pytest.mark.parametrize("text", WORK)
def test_work_grows_with_the_text_and_not_with_its_aliases(counted, text):
    with contextlib.suppress(Invalid):
        read_document(HEAD + text)
    for name, most in {
        "_requirement": 2 * MANY, "_scope": 2 * MANY, "_operation": 2100, "escape": 40 * MANY,
        "warn": 8 * MANY, "__eq__": 8 * MANY,
    }.items():  # fmt: skip
        assert counted[name] <= most, (name, counted)


def test_each_use_of_one_anonymous_security_is_told():
    text = HEAD + "x-s: &s []\npaths: {/a: {get: {security: *s}}, /b: {get: {security: *s}}}"
    told = [item.location for item in read_document(text).warnings if "Anonymous" in item.message]
    assert [place.split(" ")[0] for place in told] == [
        "/paths/~1a/get/security", "/paths/~1b/get/security",
    ]  # fmt: skip


def test_long_text_used_often_is_cut_before_it_is_cleaned(monkeypatch):
    cleaned = []

    class Pattern:
        def __init__(self, pattern):
            self.pattern = pattern

        def sub(self, new, text):
            cleaned.append(len(text))
            return self.pattern.sub(new, text)

    for name in ("_CONTROL", "_CONTROL_IN_TEXT"):
        monkeypatch.setattr(reading, name, Pattern(getattr(reading, name)))
    Reading().text(Node("x" * 1_000_000, ""), 200)
    Reading().text(Node("x" * 1_000_000, ""), 200, lines=True)
    assert max(cleaned) <= 1000


def test_long_references_are_not_followed():
    text = document(paths={"/a": {"$ref": "#" + "/x" * 10_000}, "/b": {"get": {}}})
    told = [item.message for item in read_document(text).warnings]
    assert any("too long" in message for message in told)
