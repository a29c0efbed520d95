"""Differences of definitions in words: each kind of change, and none where there is none."""

from dataclasses import replace

import pytest

from gatewright.control.differences import differences
from gatewright.domain.api import Access, Definition
from gatewright.domain.operation import Operation
from gatewright.domain.scope import Scope

A, B = frozenset({"a"}), frozenset({"b"})
BOOKS = Operation("GET", "/books", "List", (A,), operation_id="list")
BEFORE = Definition((BOOKS, Operation("GET", "/books/{id}")), (Scope("a"), Scope("b", "B")))


def lines(before, after):
    return [f"{it.kind} {it.change} {it.subject}: {it.text}" for it in differences(before, after)]


def test_nothing_changed():
    assert lines(BEFORE, BEFORE) == []


def operation(**change):
    return replace(BEFORE, operations=(replace(BOOKS, **change), BEFORE.operations[1]))


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param(
            replace(BEFORE, operations=BEFORE.operations[:1]),
            "operation removed GET /books/{id}: is removed",
            id="operation removed",
        ),
        pytest.param(
            replace(BEFORE, operations=(*BEFORE.operations, Operation("PUT", "/x"))),
            "operation added PUT /x: is added; it needs any token",
            id="operation added",
        ),
        pytest.param(
            replace(BEFORE, operations=(BOOKS, Operation("GET", "/books/{book}"))),
            "operation changed GET /books/{book}: was called GET /books/{id}",
            id="parameter renamed",
        ),
        pytest.param(
            operation(alternatives=(A | B, B)),
            "operation changed GET /books: needs a + b or b instead of a",
            id="scopes",
        ),
        pytest.param(
            operation(anonymous=True),
            "operation changed GET /books: needs no token instead of a",
            id="open to all",
        ),
        pytest.param(
            operation(api_key=True),
            "operation changed GET /books: needs a or an API key instead of a",
            id="api key",
        ),
        pytest.param(
            operation(summary=""),
            "operation changed GET /books: has another summary: none",
            id="summary",
        ),
        pytest.param(
            operation(operation_id="books"),
            "operation changed GET /books: has another operation_id: books",
            id="operation id",
        ),
        pytest.param(
            replace(BEFORE, scopes=(Scope("a"),)), "scope removed b: is removed", id="scope removed"
        ),
        pytest.param(
            replace(BEFORE, scopes=(*BEFORE.scopes, Scope("c"))),
            "scope added c: is added",
            id="scope added",
        ),
        pytest.param(
            replace(BEFORE, scopes=(Scope("a"), Scope("b"))),
            "scope changed b: has another description: none",
            id="scope described",
        ),
        pytest.param(
            replace(BEFORE, access=Access(token_header="x-token")),
            "access changed token_header: tokens stand in x-token instead of authorization",
            id="header",
        ),
        pytest.param(
            replace(BEFORE, access=Access(subscription_required=False)),
            "access changed subscription_required: no subscription is asked for",
            id="subscriptions",
        ),
        pytest.param(
            replace(BEFORE, access=Access(api_keys=True)),
            "access changed api_keys: API keys are taken",
            id="api keys",
        ),
        pytest.param(
            replace(BEFORE, access=Access(key_managers=frozenset({"sts", "a"}))),
            "access changed key_managers: tokens are taken of a, sts instead of every key manager",
            id="key managers",
        ),
    ],
)
def test_one_change_is_one_line(after, expected):
    assert lines(BEFORE, after) == [expected]
    assert len(lines(after, BEFORE)) == 1
