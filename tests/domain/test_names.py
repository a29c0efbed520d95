"""Names, versions, addresses and identifiers: what is taken, and what is refused with a reason."""

import calendar
import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain import lifecycle, text
from gatewright.domain.api import context_path, upstream_url, version_pair
from gatewright.domain.credential import token_ttl
from gatewright.domain.errors import Conflict, Invalid
from gatewright.domain.ids import handle, new_id, slug
from gatewright.domain.lifecycle import MOVES, State, check_move, parse_state
from gatewright.domain.organization import Organization
from gatewright.domain.scope import qualified, scope_name
from gatewright.domain.world import World, microseconds, moment, seconds

START = datetime(2026, 1, 1, tzinfo=UTC)


def world(now: datetime = START) -> World:
    return World(lambda: now, os.urandom)


def test_ids_say_what_they_are_and_sort_by_time() -> None:
    ids = [new_id("api", world(START + timedelta(milliseconds=n))) for n in range(50)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 50
    assert all(item.startswith("api_") and len(item) == 30 for item in ids)


@given(st.text())
def test_a_slug_is_always_a_handle(words: str) -> None:
    assert handle(slug(words, "api"), "handle")


@pytest.mark.parametrize("value", ["", "A", "-a", "a-", "a_b", "a" * 64, "a b", "ä", "a\n"])
def test_handles_that_are_refused(value: str) -> None:
    with pytest.raises(Invalid, match="handle"):
        handle(value, "handle")


@pytest.mark.parametrize("value", ["v1.0", "v0.1", "v12.34"])
def test_versions(value: str) -> None:
    major, minor = version_pair(value)
    assert value == f"v{major}.{minor}"


@pytest.mark.parametrize("value", ["1.0", "v1", "v01.0", "v1.0.0", "v1.x", "V1.0", "v1.0\n"])
def test_versions_that_are_refused(value: str) -> None:
    with pytest.raises(Invalid, match="version"):
        version_pair(value)


@pytest.mark.parametrize(
    "value",
    ["/api", "/console", "/Console", "books", "/", "/a/b", "/a b", "/..", "/.", "/-a", "/a%2f"],
)
def test_contexts_that_are_refused(value: str) -> None:
    with pytest.raises(Invalid, match="context"):
        context_path(value)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("https://books.internal:8443/api/", "https://books.internal:8443/api"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://[::1]:9000/x", "http://[::1]:9000/x"),
        ("http://10.0.0.7", "http://10.0.0.7"),
        ("http://1.books.internal", "http://1.books.internal"),
        ("http://books2", "http://books2"),
    ],
)
def test_upstreams(value: str, kept: str) -> None:
    assert upstream_url(value) == kept


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("books.internal", id="no scheme"),
        pytest.param("ftp://books.internal", id="another scheme"),
        pytest.param("https://", id="no host"),
        pytest.param("https://me:secret@books.internal", id="credentials"),
        pytest.param("https://books.internal?x=1", id="query"),
        pytest.param("https://books.internal#x", id="fragment"),
        pytest.param("https://books.internal:99999", id="port"),
        pytest.param("https://books.internal:0", id="port zero"),
        pytest.param("https://bo oks", id="space in the host"),
        pytest.param("https://books/%zz", id="broken encoding"),
        pytest.param("https://books/a b", id="space in the path"),
        pytest.param("https://[::1", id="open bracket"),
        pytest.param("https://books\n.internal", id="line break"),
        pytest.param("http://169.254.169.254/latest", id="metadata"),
        pytest.param("http://169.254.170.2", id="metadata of containers"),
        pytest.param("http://[fe80::1]", id="link-local six"),
        pytest.param("http://[fd00:ec2::254]", id="metadata six"),
        pytest.param("http://[fd00:0ec2:0::0254]", id="metadata six spelled otherwise"),
        pytest.param("http://[::ffff:169.254.169.254]", id="mapped metadata"),
        pytest.param("http://[64:ff9b::a9fe:a9fe]", id="translated metadata"),
        pytest.param("http://[2002:a9fe:a9fe::]", id="tunnelled metadata"),
        pytest.param("http://100.100.100.200", id="metadata of another cloud"),
        pytest.param("http://Metadata.Google.Internal./x", id="metadata by name"),
        pytest.param("http://2130706433", id="one number"),
        pytest.param("http://0x7f000001:80", id="hexadecimal"),
        pytest.param("http://0x7f.1", id="hexadecimal and short"),
        pytest.param("http://0177.0.0.1", id="octal"),
        pytest.param("http://127.1", id="short"),
        pytest.param("http://127.0.0.1.", id="dot at the end"),
        pytest.param("http://1.2.3.4.5", id="five numbers"),
        pytest.param("http://256.0.0.1", id="over a byte"),
        pytest.param("http://books.0x", id="number in the end"),
        pytest.param("http://0.0.0.0:9000", id="unspecified"),
        pytest.param("http://[::]", id="unspecified six"),
    ],
)
def test_upstreams_that_are_refused(value: str) -> None:
    with pytest.raises(Invalid) as refused:
        upstream_url(value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("value", ["", "a b", 'a"b', "a\\b", "a,b", "ä", "a\x7f", "a" * 201, "a\n"])
def test_scope_names_that_are_refused(value: str) -> None:
    with pytest.raises(Invalid, match="scope"):
        scope_name(value)


def test_a_qualified_scope_stays_as_it_is() -> None:
    once = qualified("acme", "books", "books:read")
    assert once == "urn:acme:books:books:read"
    assert qualified("acme", "books", once) == once
    assert scope_name(once) == once


@pytest.mark.parametrize("value", ["", " ", "a" * 101, "a\x00", "a\x1b[31m", "a\u202eb", "a\nb"])
def test_display_names_that_are_refused(value: str) -> None:
    with pytest.raises(Invalid, match="name"):
        text.name(value)


def test_lifecycle_moves_are_exactly_those_of_the_table() -> None:
    for current in State:
        for target in State:
            if target is current or target in MOVES[current]:
                check_move(current, target)
            else:
                with pytest.raises(Conflict, match="From here"):
                    check_move(current, target)
    assert not MOVES[State.RETIRED]
    assert lifecycle.SUBSCRIBABLE < lifecycle.LISTED


def test_states_are_read_as_people_write_them() -> None:
    assert parse_state("pre_released") is State.PRE_RELEASED
    with pytest.raises(Invalid, match="PUBLISHED"):
        parse_state("gone")


@pytest.mark.parametrize("value", [59, 86_401, -1, 0])
def test_lifetimes_out_of_bounds(value: int) -> None:
    with pytest.raises(Invalid, match="60 to 86400"):
        token_ttl(value, Organization("org_1", "o", "O", "ES256", datetime(2030, 1, 1, tzinfo=UTC)))


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)))
def test_moments_survive_the_way_through_the_store(when: datetime) -> None:
    assert moment(microseconds(when)) == when
    assert seconds(when) == calendar.timegm(when.timetuple())
