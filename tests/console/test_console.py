"""The console: what is shown of the organization, to which role, and how deployments stand."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.console.conftest import GATEWAY_URLS, Site

from gatewright.control import applications, organizations
from gatewright.domain.environment import Environment, Kind
from gatewright.domain.lifecycle import State
from gatewright.domain.observed import ApiFault, GatewayNode
from gatewright.domain.person import Role
from gatewright.interfaces.console.console import ROWS_SHOWN, standing

AT = datetime(2030, 1, 1, tzinfo=UTC)
ENVIRONMENT = Environment("env_1", "org", "production", "P", Kind.PRODUCTION, 1, "http://gw", AT)
NODE = GatewayNode("gw-1", frozenset({"env_1"}), True, AT, "1.40.0", 7, "")
FAULT = ApiFault("api/env_1", "org", "api", "env_1", "unknown host", False, AT)


@pytest.mark.parametrize(
    ("fault", "nodes", "state", "word"),
    [
        pytest.param(None, [NODE], State.PUBLISHED, "live", id="live"),
        pytest.param(None, [], State.PUBLISHED, "no gateway connected", id="none"),
        pytest.param(
            None, [replace(NODE, connected=False)], State.PUBLISHED, "no gateway connected",
            id="away",
        ),
        pytest.param(
            None, [replace(NODE, environment_ids=frozenset({"env_2"}))], State.PUBLISHED,
            "no gateway connected", id="elsewhere",
        ),
        pytest.param(
            None, [NODE, replace(NODE, applied_sequence=6)], State.PUBLISHED, "on its way",
            id="behind",
        ),
        pytest.param(FAULT, [NODE], State.PUBLISHED, "not served", id="fault"),
        pytest.param(
            replace(FAULT, serving=True), [NODE], State.PUBLISHED, "older revision", id="last-good"
        ),
        pytest.param(None, [NODE], State.BLOCKED, "blocked", id="blocked"),
    ],
)  # fmt: skip
def test_how_a_deployment_stands(
    site: Site, fault: ApiFault | None, nodes: list[GatewayNode], state: State, word: str
) -> None:
    api = site.api(state=state)
    assert standing(api, ENVIRONMENT, fault, nodes, 7).word == word


def observe(site: Site, **changes: object) -> None:
    ids = frozenset(item.id for item in site.founded.environments)
    with site.store.write() as tx:
        node = replace(NODE, environment_ids=ids, applied_sequence=tx.sequence)
        tx.gateway_nodes.add(replace(node, **changes))


def test_the_owner_sees_everything(site: Site) -> None:
    site.api(state=State.CREATED)
    site.write(lambda desk: applications.create(desk, "Reader app"))
    observe(site)
    text = site.signed_in().get("/console").text
    for part in (
        "Owner", "admin", "Default organization", "Books", "v1.0", "Created", "Production",
        "Development", "live", "Reader app", "gw-1", "connected", "1.40.0", "everything",
        "gatewright api import",
    ):  # fmt: skip
        assert part in text


def test_a_fault_says_why(site: Site) -> None:
    api, environment = site.api(), site.founded.environments[1]
    observe(site, rejection="<i>bad filter</i>")
    with site.store.write() as tx:
        tx.api_faults.add(
            ApiFault(
                f"{api.id}/{environment.id}", api.organization_id, api.id, environment.id,
                "<i>no such host</i>", False, AT,
            )
        )  # fmt: skip
    text = site.signed_in().get("/console").text
    assert "not served" in text
    assert "&lt;i&gt;no such host&lt;/i&gt;" in text
    assert "&lt;i&gt;bad filter&lt;/i&gt;" in text


@pytest.mark.parametrize("role", Role)
def test_a_role_sees_what_it_may(site: Site, role: Role) -> None:
    site.api("Draft thing", State.CREATED)
    site.api("Books")
    observe(site)
    text = site.signed_in(site.member(role)).get("/console").text
    assert f"The {role}" in text
    assert "Books" in text
    consumer = role is Role.CONSUMER
    assert ("Draft thing" in text) != consumer
    assert ("gw-1" in text) != consumer
    may_import = role in (Role.ADMIN, Role.PUBLISHER, Role.DEVELOPER)
    assert ("gatewright api import" in text) == may_import


def test_another_organization_is_not_shown(site: Site) -> None:
    site.api()
    with site.store.write() as tx:
        other = organizations.create(tx, site.world, "other", "The others", GATEWAY_URLS)
    text = site.signed_in(other.owner).get("/console").text
    assert "The others" in text
    assert "Books" not in text


def test_long_lists_end_with_the_command(site: Site) -> None:
    def make(count: int) -> None:
        site.write(lambda desk: [applications.create(desk, f"App {n}") for n in range(count)])

    make(ROWS_SHOWN)
    browser = site.signed_in()
    assert "gatewright app list" not in browser.get("/console").text
    site.write(lambda desk: applications.create(desk, "one more"))
    assert "gatewright app list" in browser.get("/console").text


def test_hostile_names_stay_text(site: Site) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    site.api(hostile, State.CREATED)
    site.write(lambda desk: applications.create(desk, hostile))
    user = replace(site.member(Role.ADMIN), name=hostile)
    site.write(lambda desk: desk.tx.users.replace(user))
    link = site.link(user)
    browser = site.browser()
    welcome = browser.get(link).text
    browser.post(link, headers={"Sec-Fetch-Site": "same-origin"})
    console = browser.get("/console").text
    for text, times in ((welcome, 1), (console, 3)):
        assert "<img src=x" not in text
        assert text.count("&lt;img src=x onerror=alert(1)&gt;") == times
