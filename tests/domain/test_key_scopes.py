"""Names of scopes as keys hold them: which cover which, and which nobody may have."""

from datetime import UTC, datetime, timedelta

import pytest

from gatewright.domain.api_key import API_KEY_SCOPE, EVERY_SCOPE, RESERVED_SCOPES, ApiKey
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Invalid
from gatewright.domain.scope import parts, scope_name, within

FULL = "urn:default:books:read"
NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "allowed", "is_within"),
    [
        ("read", {"read"}, True),
        (FULL, {"read"}, True),
        (FULL, {FULL}, True),
        ("read", {FULL}, False),
        (FULL, {"urn:default:films:read"}, False),
        (FULL, {"books:read"}, False),
        ("urn:other:books:read", {"read"}, False),
        ("urn:default:books:", {""}, False),
        ("read", set(), False),
        (EVERY_SCOPE, {"read"}, False),
        (API_KEY_SCOPE, {"urn"}, False),
    ],
)
def test_what_covers_what(name, allowed, is_within):
    assert within(name, allowed, "default") is is_within


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (FULL, ("books", "read")),
        ("urn:default:books:a:b", ("books", "a:b")),
        ("urn:default:books", None),
        ("urn:default:books:", None),
        ("urn:other:books:read", None),
        ("read", None),
    ],
)
def test_the_parts_of_a_full_name(name, found):
    assert parts("default", name) == found


@pytest.mark.parametrize("name", sorted(RESERVED_SCOPES))
def test_marks_of_keys_are_nobodys_scopes(name):
    with pytest.raises(Invalid, match="reserved"):
        scope_name(name)
    assert parts("gatewright", name) is None, "nor can one be the full name of another"


@pytest.mark.parametrize(
    ("expires", "revoked", "state"),
    [
        (None, None, "active"),
        (1, None, "active"),
        (0, None, "expired"),
        (-1, None, "expired"),
        (None, -1, "revoked"),
        (1, -1, "revoked"),
        (-2, -1, "expired"),
        (-1, -2, "revoked"),
        (-1, -1, "expired"),
    ],
)
def test_how_a_key_stands(expires, revoked, state):
    ends = [None if days is None else NOW + timedelta(days=days) for days in (expires, revoked)]
    key = ApiKey("key_1", "org_1", "app_1", Kind.SANDBOX, "k", "…", None, NOW, *ends)
    assert key.state(NOW) == state
    assert key.usable(NOW) is (state == "active")
