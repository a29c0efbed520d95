"""Hosts of domains: their one spelling, what is none, and whose wildcard stands for whose host."""

from datetime import UTC, datetime

import pytest

from gatewright.domain.domain_name import DomainName, check_apart, host
from gatewright.domain.errors import Conflict, Invalid

AT = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("text", "stored"), [
    ("api.example.com", "api.example.com"),
    ("API.Example.COM.", "api.example.com"),
    (" *.example.com ", "*.example.com"),
    ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ("a-b.c9.example", "a-b.c9.example"),
])  # fmt: skip
def test_one_spelling(text: str, stored: str) -> None:
    assert host(text) == stored


@pytest.mark.parametrize("text", [
    "", ".", "*", "*.", "localhost", "*.com", "a..b", "-a.example", "a-.example", "a_b.example",
    "bücher.example", "api.*.example.com", "*api.example.com", "*.*.example.com", "1.2.3.4",
    "[::1]", "api.example.com:443", "https://api.example.com", "api.example.com/x", "a b.example",
    "example.1", f"{'a' * 64}.example", f"{'a.' * 130}example",
    "api.example.com\x00", "a.exa\nmple",
])  # fmt: skip
def test_what_is_no_host(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        host(text)
    assert refused.value.field == "host"


def row(name: str, organization: str = "org_1") -> DomainName:
    return DomainName("dom_1", organization, "env_1", name, "", b"secret", AT, AT)


@pytest.mark.parametrize(("taken", "wanted", "free"), [
    ("*.example.com", "api.example.com", False),
    ("api.example.com", "*.example.com", False),
    ("*.example.com", "example.com", True),
    ("*.example.com", "a.api.example.com", True),
    ("api.example.com", "other.example.com", True),
])  # fmt: skip
def test_nobody_takes_what_another_s_wildcard_stands_for(
    taken: str, wanted: str, free: bool
) -> None:
    check_apart(wanted, [row(taken)], "org_1")
    if free:
        check_apart(wanted, [row(taken)], "org_2")
        return
    with pytest.raises(Conflict) as refused:
        check_apart(wanted, [row(taken)], "org_2")
    assert "org_1" not in str(refused.value)


def test_it_prints_no_key() -> None:
    assert "secret" not in repr(row("api.example.com"))
