"""The portal: who sees which APIs, in which form, and that what strangers wrote stays text."""

import re
import shlex
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.console.conftest import Site

from gatewright.control import apis, lifecycle
from gatewright.control.catalogue import Offer
from gatewright.domain.api import Definition
from gatewright.domain.lifecycle import LISTED, State
from gatewright.domain.operation import Operation
from gatewright.domain.scope import Scope
from gatewright.interfaces.console.portal import PAGE_SIZE, commands, needs

SCRIPT = "<script>alert(1)</script>"
QUOTE = "\"' onmouseover=alert(1) x='"


@pytest.mark.parametrize("state", State)
def test_only_listed_states_are_shown(site: Site, state: State) -> None:
    site.api(state=state)
    browser = site.browser()
    shown = "Books" in browser.get("/").text
    status = browser.get("/apis/books/v1.0").status_code
    assert (shown, status) == ((True, 200) if state in LISTED else (False, 404))


def test_an_empty_portal_says_how_to_fill_it(site: Site) -> None:
    assert "gatewright api import" in site.browser().get("/").text


def test_an_api_says_all_a_caller_needs(site: Site) -> None:
    site.api()
    text = site.browser().get("/apis/books/v1.0").text
    for part in (
        "Books", "v1.0", "All about books", "http://gw.test:8080/books/v1.0", "List all books",
        "books:read", "no token", "a + b", "See the books",
        "gatewright subscribe my-app books:v1.0",
        "gatewright curl my-app GET /books/v1.0/books --kind production",
    ):  # fmt: skip
        assert part in text
    assert "up.internal" not in text


def test_what_is_being_edited_is_not_shown(site: Site) -> None:
    api = site.api()
    draft = [*api.definition.operations, Operation("GET", "/secret-plan")]
    site.write(lambda desk: apis.set_operations(desk, api.id, draft))
    browser = site.browser()
    assert "secret-plan" not in browser.get("/apis/books/v1.0").text
    assert "3 operations" in browser.get("/").text


@pytest.mark.parametrize(
    ("where", "base", "other"),
    [
        pytest.param(("development", "production"), ":8080/", ":8081/", id="production-first"),
        pytest.param(("development",), ":8081/", ":8080/", id="only-in-development"),
    ],
)
def test_base_url(site: Site, where: tuple[str, ...], base: str, other: str) -> None:
    site.api(where=where)
    text = site.browser().get("/apis/books/v1.0").text
    assert f"http://gw.test{base}books/v1.0" in text
    assert f"http://gw.test{other}" not in text
    assert ("not deployed in production" in text) == (base == ":8081/")


def test_a_listed_api_without_deployment_shows_nothing_to_call(site: Site) -> None:
    api = site.api(where=(), state=State.CREATED)
    site.write(lambda desk: desk.tx.apis.replace(replace(api, state=State.PUBLISHED)))
    browser = site.browser()
    assert "Not deployed at present" in browser.get("/").text
    text = browser.get("/apis/books/v1.0").text
    assert "not deployed at present" in text
    assert "List all books" not in text


def test_deprecated_ones_offer_no_subscription(site: Site) -> None:
    site.api(state=State.DEPRECATED)
    text = site.browser().get("/apis/books/v1.0").text
    assert "takes no new subscriptions" in text
    assert "gatewright subscribe" not in text


def test_an_api_says_since_when_it_is_deprecated_and_until_when_it_is_there(site: Site) -> None:
    api = site.api(state=State.DEPRECATED)
    assert "Deprecated since" in site.browser().get("/apis/books/v1.0").text
    assert "gone on" not in site.browser().get("/apis/books/v1.0").text
    sunset = datetime(2031, 6, 30, tzinfo=UTC)
    site.write(lambda desk: lifecycle.move(desk, api.id, State.DEPRECATED, sunset_at=sunset))
    text = site.browser().get("/apis/books/v1.0").text
    assert re.search(r'Deprecated since <time datetime="2030-01-01T[^"]+">2030-01-01</time>', text)
    assert 'gone on <time datetime="2031-06-30T00:00:00+00:00">2031-06-30</time>.' in text


def test_an_api_says_that_subscriptions_wait_for_approval(site: Site) -> None:
    api = site.api(state=State.PUBLISHED)
    words = "waits for the approval"
    assert words not in site.browser().get("/apis/books/v1.0").text
    site.write(lambda desk: apis.edit(desk, api.id, approval_required=True))
    assert words in site.browser().get("/apis/books/v1.0").text


def test_all_apis_are_reached_page_by_page(site: Site) -> None:
    names = [f"Api number {number:02}" for number in range(2 * PAGE_SIZE)]
    for name in names:
        site.clock.pass_by(seconds=1)
        site.api(name, where=("production",))
    browser, address, seen = site.browser(), "/", []
    for _ in range(3):
        text = browser.get(address).text
        seen += re.findall(r"Api number \d\d", text)
        link = re.search(r'href="(/\?after=[^"]+)"', text)
        if link is None:
            break
        address = link[1]
    assert seen == names


@pytest.mark.parametrize(
    "after", ["", "x", "api_" + "9" * 500, SCRIPT, "%00", "api_1' OR 1=1"], ids=range(6)
)
def test_a_foreign_page_mark_is_harmless(site: Site, after: str) -> None:
    site.api()
    answer = site.browser().get("/", params={"after": after})
    assert answer.status_code == 200
    assert SCRIPT not in answer.text


@pytest.mark.parametrize("text", [SCRIPT, QUOTE, "{{ 7*7 }}", "</title><b>"], ids=range(4))
def test_what_strangers_wrote_is_text(site: Site, text: str) -> None:
    operation = Operation("GET", "/it's&on", summary=text)
    definition = Definition((operation,), (Scope("<b>&'s", text),))
    site.api(text, definition=definition, description=text)
    handle = site.write(lambda desk: desk.tx.apis.find()[0].handle)
    browser = site.browser()
    for address in ("/", f"/apis/{handle}/v1.0"):
        answer = browser.get(address)
        assert answer.status_code == 200
        for inert in (SCRIPT, "onmouseover=alert(1) x='", "<b>", "</title><"):
            assert inert not in answer.text.replace(escaped(QUOTE), "")
        assert "49" not in re.sub(r"<[^>]*>|#\d+", "", answer.text)
        assert escaped(text) in answer.text


def escaped(text: str) -> str:
    for character, entity in zip("&<>'\"", ("amp", "lt", "gt", "#39", "#34"), strict=True):
        text = text.replace(character, f"&{entity};")
    return text


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        pytest.param(Operation("GET", "/", anonymous=True), ("no token",), id="anonymous"),
        pytest.param(Operation("GET", "/"), ("any token",), id="any-token"),
        pytest.param(Operation("GET", "/", alternatives=()), ("closed to everybody",), id="closed"),
        pytest.param(
            Operation("GET", "/", alternatives=(frozenset("ba"), frozenset("c"))),
            ("a + b", "c"),
            id="alternatives",
        ),
    ],
)
def test_what_a_caller_needs(operation: Operation, expected: tuple[str, ...]) -> None:
    assert needs(operation) == expected


def test_commands_are_quoted_for_a_shell(site: Site) -> None:
    path = "/a;$(reboot)&'b'"
    api = site.api(definition=Definition((Operation("GET", path),), ()))
    environment = site.founded.environments[1]
    last = commands(Offer(api, api.definition, environment, "u"))[-1]
    assert shlex.split(last)[4] == f"/books/v1.0{path}"
    assert shlex.quote(f"/books/v1.0{path}") in last
