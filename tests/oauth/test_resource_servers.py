"""Whose tokens an API takes, as its metadata tells (RFC 9728 §2)."""

from dataclasses import replace
from typing import Any

import pytest
from tests.oauth.outsider import ISSUER, Outsider
from tests.sts.installation import Installation

from gatewright.domain.api import BUILT_IN, Access

OPEN = {"api_access": True, "handle": "corp"}


def servers(gw: Installation, place: str = "production") -> list[str]:
    path = f"/protected-resource/{gw.environment(place).id}/books/v1.0"
    answer: list[str] = gw.call("GET", path).json["authorization_servers"]
    return answer


def takes(gw: Installation, *handles: str) -> None:
    """The API's next revision, deployed to production."""
    records = gw.service.state.records
    access = Access(key_managers=frozenset(handles))
    place = gw.environment("production").id
    for row in [item for item in records.rows("deployments") if item.environment_id == place]:
        old = records.row("revisions", row.revision_id)
        definition = replace(old.definition, access=access)
        new = gw.add("revisions", replace(old, id=gw.id("rev"), number=2, definition=definition))
        gw.change("deployments", row.id, revision_id=new.id)


def test_key_managers_stand_beside_our_own(gw: Installation) -> None:
    Outsider(gw, **OPEN)
    assert servers(gw) == [ISSUER, "https://idp.test"]


@pytest.mark.parametrize("change", [
    {"enabled": False}, {"api_access": False}, {"environments": frozenset({"env_elsewhere"})},
])  # fmt: skip
def test_those_whose_tokens_open_nothing_there_are_not_named(
    gw: Installation, change: dict[str, Any]
) -> None:
    Outsider(gw, **{**OPEN, **change})
    assert servers(gw) == [ISSUER]


@pytest.mark.parametrize(("handles", "named"), [
    ((BUILT_IN,), [ISSUER]),
    (("corp",), ["https://idp.test"]),
    (("corp", BUILT_IN), [ISSUER, "https://idp.test"]),
    (("another",), []),
])  # fmt: skip
def test_an_api_names_those_that_it_takes(
    gw: Installation, handles: tuple[str, ...], named: list[str]
) -> None:
    Outsider(gw, **OPEN)
    takes(gw, *handles)
    assert servers(gw) == named
