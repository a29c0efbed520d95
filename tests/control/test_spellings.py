"""Spellings of a secured path that an anonymous template serves: told, and only then."""

import pytest
from tests.control.documents import messages, read

from gatewright.control import spellings
from gatewright.domain.operation import Operation


def secured(path, method="GET"):
    return Operation(method, path, alternatives=(frozenset({"a"}),))


def open_(path, method="GET"):
    return Operation(method, path, anonymous=True)


@pytest.mark.parametrize(
    "operations, told",
    [
        pytest.param([secured("/admin"), open_("/*")], "/admin/ too", id="slash"),
        pytest.param([secured("/admin/"), open_("/{x}")], "/admin too", id="slash less"),
        pytest.param([secured("/admin"), open_("/{x}")], "/ADMIN too", id="case"),
        pytest.param([secured("/a/{id}"), open_("/*")], "/a/0/ too", id="below a template"),
        pytest.param([secured("/x/a/b"), open_("/x/{y}/b")], "/x/A/b too", id="case of a part"),
        pytest.param(
            [secured("/a"), secured("/a/"), secured("/{x}"), open_("/*")], "/A/ too", id="next"
        ),
        pytest.param([secured("/admin", "POST"), open_("/*")], None, id="another method"),
        pytest.param([secured("/admin"), open_("/admin/b")], None, id="no template"),
        pytest.param([secured("/admin"), secured("/*")], None, id="nothing anonymous"),
        pytest.param([open_("/admin"), open_("/*")], None, id="all anonymous"),
        pytest.param([secured("/*"), open_("/books/{id}")], None, id="the wider one is secured"),
        pytest.param(
            [secured("/1"), secured("/{x}"), secured("/{x}/"), open_("/*")], None, id="all covered"
        ),
    ],
)
def test_told_exactly_when_it_is_so(operations, told):
    found = spellings.warnings(operations)
    if told is None:
        assert found == []
    else:
        assert len(found) == 1 and told in found[0].message
        assert found[0].location == operations[-1].key


def test_import_tells():
    paths = {"/admin": {"get": {}}, "/{rest}": {"get": {"security": []}}}
    assert any("may take for /admin" in message for message in messages(read(paths=paths)))


def test_comparisons_are_bounded(monkeypatch):
    compared = 0

    def count(served, path):
        nonlocal compared
        compared += len(served)

    monkeypatch.setattr(spellings, "_first", count)
    deep = "/a" * 400
    many = [secured(f"{deep}{n}") for n in range(1000)]
    many += [open_(f"/{{x}}/c{n}") for n in range(1000)]
    assert spellings.warnings(many) == []
    assert 0 < compared <= spellings.COMPARISONS_MAX
