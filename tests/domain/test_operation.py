"""Operations: path templates that the gateway can serve, and scopes attached and detached."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.errors import Invalid
from gatewright.domain.operation import (
    ANY_TOKEN,
    Operation,
    attach,
    detach,
    match_order,
    parse_key,
    path_template,
)

NAMES = st.sampled_from(["a", "b", "c", "d"])
ALTERNATIVES = st.lists(st.frozensets(NAMES, min_size=1), min_size=1, max_size=4, unique=True).map(
    tuple
)


@pytest.mark.parametrize(
    "template",
    [
        "/",
        "/books",
        "/books/",
        "/books/{id}",
        "/a/{b}.json/{c}...{d}",
        "/files/*",
        "/%7Euser/x@y",
        "/{a_b.c-d}/{+x}/{$y}",
    ],
)
def test_templates_that_can_be_served(template: str) -> None:
    assert path_template(template) == template


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("books", id="no slash"),
        pytest.param("", id="empty"),
        pytest.param("/a//b", id="empty segment"),
        pytest.param("/a/../b", id="dot dot"),
        pytest.param("/a/./b", id="dot"),
        pytest.param("/a/*/b", id="star inside"),
        pytest.param("/a*b", id="star in a segment"),
        pytest.param("/a b", id="space"),
        pytest.param("/a?b", id="query"),
        pytest.param("/a#b", id="fragment"),
        pytest.param("/a\n", id="control character"),
        pytest.param("/{}", id="unnamed parameter"),
        pytest.param("/{a/b}", id="slash in a name"),
        pytest.param("/{a\nb}", id="line break in a name"),
        pytest.param("/{a|b}", id="bar in a name"),
        pytest.param('/{a"b}', id="quote in a name"),
        pytest.param("/{a'b}", id="apostrophe in a name"),
        pytest.param("/{a\\b}", id="backslash in a name"),
        pytest.param("/{<a>}", id="angle brackets in a name"),
        pytest.param("/{a b}", id="blank in a name"),
        pytest.param("/{a\x7f}", id="control character in a name"),
        pytest.param("/{ä}", id="name not ASCII"),
        pytest.param("/{a", id="open brace"),
        pytest.param("/{a}/{a}", id="a name twice"),
        pytest.param("/ü", id="not ASCII"),
        pytest.param("/" + "a" * 1000, id="too long"),
        pytest.param("/%2", id="broken encoding"),
    ],
)
def test_templates_that_are_refused(template: str) -> None:
    with pytest.raises(Invalid):
        path_template(template)


@pytest.mark.parametrize(
    ("nearer", "farther"),
    [
        pytest.param("/a/b", "/a/{x}", id="literal before parameter"),
        pytest.param("/a/{x}.json", "/a/{x}", id="mixed before parameter"),
        pytest.param("/a/{x}", "/a/*", id="parameter before the rest"),
        pytest.param("/a/{x}", "/{x}/b", id="the first segment decides first"),
        pytest.param("/{x}-secret.json", "/{aaaaaaaaaaaaaaaaaaaaaaaa}.json", id="names count not"),
        pytest.param("/{x}-secret.json", "/{x}%2E%6A%73%6F%6E", id="an encoded character is one"),
        pytest.param("/{x}:ab/{y}", "/{x}:a/{yyyyyyyy}", id="more text in an earlier segment"),
    ],
)
def test_the_nearer_template_matches_first(nearer: str, farther: str) -> None:
    assert match_order(nearer) < match_order(farther)


def test_names_of_parameters_do_not_decide() -> None:
    assert match_order("/{a}/b{c}")[:3] == match_order("/{long}/b{longer}")[:3]


def test_a_key_reads_as_people_write_it() -> None:
    assert parse_key(" get  /books/{id} ") == ("GET", "/books/{id}")
    for broken in ("GET", "/books", "FETCH /books", ""):
        with pytest.raises(Invalid):
            parse_key(broken)


def test_attached_scopes_are_alternatives() -> None:
    operation = Operation("GET", "/books")
    assert operation.alternatives == ANY_TOKEN
    both = attach(attach(operation, "a"), "b")
    assert both.alternatives == (frozenset("a"), frozenset("b"))
    assert attach(both, "a") == both


def test_attaching_ends_anonymity() -> None:
    assert not attach(Operation("GET", "/books", anonymous=True), "a").anonymous


def test_detaching_the_last_scope_still_asks_for_a_token() -> None:
    left = detach(Operation("GET", "/books", alternatives=(frozenset("a"),)), "a")
    assert left.alternatives == ANY_TOKEN
    assert not left.anonymous


def test_detaching_from_an_all_of_keeps_the_rest() -> None:
    operation = Operation("GET", "/x", alternatives=(frozenset("ab"), frozenset("a")))
    assert detach(operation, "a").alternatives == (frozenset("b"),)


@given(ALTERNATIVES, NAMES)
def test_detach_leaves_no_trace_and_never_opens(
    alternatives: tuple[frozenset[str], ...], scope: str
) -> None:
    left = detach(Operation("GET", "/x", alternatives=alternatives), scope)
    assert scope not in left.scopes
    assert left.alternatives, "an operation without alternatives would let nobody, or anybody, in"
    assert not left.anonymous


@given(ALTERNATIVES, NAMES)
def test_attach_adds_exactly_one_way_in(
    alternatives: tuple[frozenset[str], ...], scope: str
) -> None:
    more = attach(Operation("GET", "/x", alternatives=alternatives), scope)
    assert set(more.alternatives) == {*alternatives, frozenset({scope})}


def test_too_many_scopes_are_refused() -> None:
    operation = Operation("GET", "/x")
    for number in range(50):
        operation = attach(operation, f"s{number}")
    with pytest.raises(Invalid, match="50 scopes"):
        attach(operation, "one-more")
