"""Patterns of outside subjects: whole values, and `*` never across a colon."""

import time

import pytest

from gatewright.domain.claim_pattern import claim_pattern, matches
from gatewright.domain.errors import Invalid

MAIN = "repo:org/x:ref:refs/heads/main"


@pytest.mark.parametrize(("pattern", "value"), [
    pytest.param(MAIN, MAIN, id="itself"),
    pytest.param("repo:org/x:ref:refs/heads/*", MAIN, id="a run at the end"),
    pytest.param("repo:org/*:ref:refs/heads/main", MAIN, id="a run within"),
    pytest.param("repo:*/x:ref:refs/*/main", MAIN, id="two runs"),
    pytest.param("repo:org/x*:ref:refs/heads/main", MAIN, id="an empty run"),
    pytest.param("*a*a*", "banana", id="runs with text between"),
    pytest.param("system:serviceaccount:ns:*", "system:serviceaccount:ns:job", id="kubernetes"),
    pytest.param("a.c", "a.c", id="a dot"),
])  # fmt: skip
def test_it_matches(pattern: str, value: str) -> None:
    assert matches(claim_pattern(pattern, "subject"), value)


@pytest.mark.parametrize(("pattern", "value"), [
    pytest.param(MAIN, MAIN + "2", id="suffix"),
    pytest.param(MAIN, "x" + MAIN, id="prefix"),
    pytest.param(MAIN, MAIN + "\n", id="newline at the end"),
    pytest.param(MAIN, MAIN.upper(), id="other case"),
    pytest.param("repo:org/x:*", "repo:org/x:ref:refs/heads/main:evil", id="more parts"),
    pytest.param("repo:org/x:*", MAIN, id="a run does not cross a colon"),
    pytest.param("repo:org/*:ref:*", "repo:org/x:evil:ref:refs", id="a part pushed in"),
    pytest.param("repo:org/x:ref:*", "repo:org/x:ref:a\nb", id="newline in a run"),
    pytest.param("repo:org/x:ref:*", "repo:org/x:ref:a\x00", id="NUL in a run"),
    pytest.param("repo:org/x:ref:*", "repo:org/x:ref", id="part missing"),
    pytest.param("ab*ba", "aba", id="ends may not share a character"),
    pytest.param("a*b*c", "acb", id="order"),
    pytest.param("a.c", "abc", id="a dot is a dot"),
    pytest.param("[ab]", "a", id="no classes"),
    pytest.param("a?", "ab", id="no question marks"),
    pytest.param("a*", "", id="empty"),
    pytest.param("a*", "a" * 1025, id="too long"),
    pytest.param("a*", ["a"], id="a list"),
    pytest.param("1", 1, id="a number"),
    pytest.param("true", True, id="a truth"),
    pytest.param("a*", None, id="missing"),
])  # fmt: skip
def test_it_does_not_match(pattern: str, value: object) -> None:
    assert not matches(claim_pattern(pattern, "subject"), value)


@pytest.mark.parametrize("text", ["", "*", "**", "*:*", ":", "a\n", " a", "a" * 501])
def test_a_pattern_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as found:
        claim_pattern(text, "subject")
    assert found.value.field == "subject"


def test_no_pattern_takes_long() -> None:
    began = time.perf_counter()
    assert not matches("*a" * 250 + "b", "a" * 1024)
    assert time.perf_counter() - began < 0.1
