"""Digests and matching order of definitions, whatever order they were written in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.control import definitions
from gatewright.control.findings import Refused
from gatewright.domain.operation import ANY_TOKEN, Operation
from gatewright.domain.scope import Scope

A, B = frozenset({"a"}), frozenset({"b"})
SCOPES = [Scope("a"), Scope("b")]
OPERATIONS = [
    Operation("GET", "/books", alternatives=(A, B)),
    Operation("POST", "/books", alternatives=(A | B,)),
    Operation("GET", "/books/{id}"),
    Operation("GET", "/books/new", anonymous=True),
    Operation("GET", "/*"),
]


@given(st.permutations(OPERATIONS), st.permutations(SCOPES))
def test_order_of_writing_does_not_matter(operations, scopes):
    same = definitions.define(operations, scopes)
    assert same == definitions.define(OPERATIONS, SCOPES)
    assert definitions.digest(same) == (
        "b1c3e48bb32de55a820e091ba67810c777710086fa55f090d9db20662e973096"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"}, {"path": "/book"}, {"summary": "x"}, {"operation_id": "x"},
        {"alternatives": (A,)}, {"alternatives": (B, A)}, {"anonymous": True},
    ],
    ids=lambda change: str(*change),
)  # fmt: skip
def test_every_part_counts_in_the_digest(change):
    from dataclasses import replace

    first = definitions.define(OPERATIONS, SCOPES)
    changed = [replace(OPERATIONS[0], **change), *OPERATIONS[1:]]
    assert definitions.digest(definitions.define(changed, SCOPES)) != definitions.digest(first)
    described = definitions.define(OPERATIONS, [Scope("a", "words"), Scope("b")])
    assert definitions.digest(described) != definitions.digest(first)


@pytest.mark.parametrize(
    "operations, scopes, message",
    [
        pytest.param([Operation("TRACE", "/a")], [], "method", id="method"),
        pytest.param([Operation("GET", "a")], [], "start with /", id="path"),
        pytest.param([Operation("GET", "/a", alternatives=())], [], "nobody", id="no alternative"),
        pytest.param([Operation("GET", "/a", alternatives=(A,))], [], "not defined", id="scope"),
        pytest.param(
            [Operation("GET", "/a/{x}"), Operation("GET", "/a/{y}")], [], "same calls", id="shape"
        ),
        pytest.param([Operation("GET", "/a")] * 2, [], "same calls", id="twice"),
        pytest.param([], [Scope("a"), Scope("a")], "twice", id="scope twice"),
        pytest.param([], [Scope("a b")], "scope name", id="scope name"),
        pytest.param(
            [Operation("GET", f"/{n}") for n in range(2001)], [], "over 2000", id="too many"
        ),
    ],
)
def test_refused(operations, scopes, message):
    with pytest.raises(Refused) as caught:
        definitions.define(operations, scopes)
    assert any(message in finding.message for finding in caught.value.findings)


def test_one_empty_alternative_means_any_token():
    assert definitions.normal_alternatives([A, frozenset()]) == ANY_TOKEN
    assert definitions.normal_alternatives([A, B, A]) == (A, B)
