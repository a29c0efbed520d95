"""Paths, IR and refusals: what each rule of compiling decides, without Envoy."""

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.scene import Scene, definition_of

from gatewright.domain.lifecycle import State
from gatewright.domain.operation import match_order
from gatewright.gateway.check import check
from gatewright.gateway.compile import paths
from gatewright.gateway.compile.refusals import REFUSALS
from gatewright.gateway.compile.routes import route_configuration
from gatewright.gateway.compile.upstream import cluster_name
from gatewright.gateway.descriptors import load_messages
from gatewright.gateway.lower import lower_api, lower_upstream
from gatewright.gateway.policies import POLICIES
from gatewright.gateway.policies.access_token import NOBODYS_KEY

MATCHES = [
    pytest.param("/books/{id}", "/books/7", True, id="parameter"),
    pytest.param("/books/{id}", "/books/", False, id="never empty"),
    pytest.param("/books/{id}", "/books/7/8", False, id="one segment"),
    pytest.param("/books/{id}", "/books/7\n", True, id="any character but a slash"),
    pytest.param("/a/{x}.json", "/a/b.json", True, id="mixed"),
    pytest.param("/a/{x}.json", "/a/bxjson", False, id="a dot is a dot"),
    pytest.param("/a/{x}-{y}", "/a/1-2", True, id="two in one segment"),
    pytest.param("/files/*", "/files/a/b", True, id="rest"),
    pytest.param("/files/*", "/files/", True, id="empty rest"),
    pytest.param("/files/*", "/files", False, id="rest needs its slash"),
    pytest.param("/a+b(c)/{x}", "/a+b(c)/1", True, id="special characters are literal"),
    pytest.param("/a+b/{x}", "/aab/1", False, id="plus is no quantifier"),
]


@pytest.mark.parametrize(("template", "path", "fits"), MATCHES)
def test_patterns_match_whole_paths(template: str, path: str, fits: bool) -> None:
    assert bool(re.fullmatch(paths.pattern(template), path)) is fits


SEGMENTS = ["..", ".", "", "a", "a.b", ".a", "%C3%A9", "%2e", "%2E%2e", "..%2F", "@"]
EXTRAS = ["", ";", "%3b", "%3Bx", ";x=..", ";/"]


@pytest.mark.parametrize("extras", [False, True], ids=["strict", "extras"])
@pytest.mark.parametrize("template", ["/{x}", "/*", "/a/{x}", "/{x}/{y}", "/a/*"])
@given(st.lists(st.tuples(st.sampled_from(SEGMENTS), st.sampled_from(EXTRAS)), max_size=3))
def test_what_is_served_never_climbs(
    template: str, extras: bool, parts: list[tuple[str, str]]
) -> None:
    path = "/" + "/".join(text + extra for text, extra in parts)
    if not re.fullmatch(paths.pattern(template, extras=extras), path):
        return
    decoded = path.lower().replace("%2e", ".").replace("%3b", ";").removesuffix("/")
    assert all(part.partition(";")[0].strip(".") for part in decoded.split("/")[1:])
    assert extras or ";" not in decoded


@pytest.mark.parametrize(
    ("path", "spellings", "others"),
    [
        ("/@me", ["/@me", "/%40me"], ["/%41me", "/me"]),
        ("/a:b", ["/a:b", "/a%3Ab", "/a%3ab"], ["/ab"]),
        ("/%C3%A9", ["/%C3%A9", "/%c3%a9", "/%c3%A9"], ["/C3A9"]),
        ("/(a)+", ["/(a)+", "/%28a%29%2B", "/(a%29%2b"], ["/a"]),
        ("/%25", ["/%25"], ["/%"]),
        ("/%7C", ["/|", "/%7C", "/%7c"], ["/"]),
        ("/{x}:go", ["/1:go", "/1%3Ago"], ["/1go", "/;:go"]),
    ],
)
def test_literal_text_matches_in_every_spelling(
    path: str, spellings: list[str], others: list[str]
) -> None:
    regex = paths.pattern(paths.normal(path))
    assert all(re.fullmatch(regex, text) for text in spellings)
    assert not any(re.fullmatch(regex, text) for text in others)


def test_ordinary_literal_paths_cost_no_pattern() -> None:
    operations = {
        "GET /books": "any",
        "GET /books/new-ones_2.json": ["a"],
        "GET /books/{id}": "any",
    }
    (host,) = route_configuration(ir_of(operations))["virtual_hosts"]
    matches = [route["match"] for route in host["routes"]]
    assert ["prefix" in match for match in matches[:2]] == [True] * 2
    assert ["path" in match for match in matches[2:6]] == [True] * 4
    assert sum("safe_regex" in match for match in matches) == 2  # the template and the 405


def test_literal_comes_before_templated_and_templated_before_the_rest() -> None:
    wanted = ["/a/b/c", "/a/b/{x}", "/a/{x}.json", "/a/{x}", "/a/*", "/{x}/b", "/*"]
    shuffled = [*wanted[3:], *wanted[:3]]
    assert sorted(shuffled, key=match_order) == wanted


@pytest.mark.parametrize(
    ("path", "normal"),
    [("/%41b", "/Ab"), ("/%7e", "/~"), ("/a%20b", "/a%20b"), ("/%2D", "/-"), ("/{x}", "/{x}")],
)
def test_templates_are_normalised_as_calls_are(path: str, normal: str) -> None:
    assert paths.normal(path) == normal


SEGMENT = st.sampled_from(["a", "b", "{x}", "{x}.j", "a.j"])
TEMPLATE = st.builds(
    lambda parts, rest: "/" + "/".join([*parts, *rest]),
    st.lists(SEGMENT, min_size=1, max_size=3), st.sampled_from([[], ["*"], [""]]),
)  # fmt: skip


@given(TEMPLATE, TEMPLATE, st.lists(st.sampled_from(["a", "b", "a.j", "q"]), max_size=4))
def test_templates_that_meet_are_known_to_overlap(
    first: str, second: str, parts: list[str]
) -> None:
    path = "/" + "/".join(parts)
    if re.fullmatch(paths.pattern(first), path) and re.fullmatch(paths.pattern(second), path):
        assert paths.overlaps(first, second)


@pytest.mark.parametrize(
    ("texts", "matching", "other"),
    [
        (("/a/v1.2", "/a/v1"), ["/a/v1.2", "/a/v1"], ["/a/v1x2", "/a/v1.", "/a/v"]),
        (("/a",), ["/a"], ["/b"]),
        (("/x", "/y", "/z"), ["/x", "/z"], ["/xy"]),
    ],
)
def test_one_of(texts: tuple[str, ...], matching: list[str], other: list[str]) -> None:
    regex = paths.one_of(texts)
    assert all(re.fullmatch(regex, text) for text in matching)
    assert not any(re.fullmatch(regex, text) for text in other)


def ir_of(operations: dict[str, Any], **more: Any) -> Any:
    scene = Scene({"apis": [{"handle": "books", "operations": operations, **more}]})
    rows = scene.tables
    (api,), (revision,) = rows["apis"].values(), rows["revisions"].values()
    (deployment,) = rows["deployments"].values()
    organization = rows["organizations"]["org_1"]
    return lower_api(organization, api, revision.definition, deployment, [], "http://gw.test")


@pytest.mark.parametrize("needs", ["any", ["a"], ["a b", "c"], []], ids=str)
def test_every_secured_route_is_covered_by_every_securing_policy(needs: Any) -> None:
    """A filter that is off by default must be on for each route that forwards."""
    ir = ir_of({"GET /a": needs, "GET /b/{x}": needs, "GET /free": "anonymous"})
    (host,) = route_configuration(ir)["virtual_hosts"]
    shared = host["typed_per_filter_config"]
    token = f"access-token/{ir.environment_id}"
    assert {token, "subscription", "scope"} <= set(shared)
    for route in host["routes"]:
        off = {
            name
            for name, config in route.get("typed_per_filter_config", {}).items()
            if config.get("disabled")
        }
        secured = "route" in route and "free" not in route["name"]
        assert not (secured and off & {token, "subscription"}), route["name"]
        if secured and needs != "any":
            assert "scope" not in off


def test_no_alternative_lets_nobody_in_and_is_not_the_same_as_any_token() -> None:
    nobody = route_configuration(ir_of({"GET /a": []}))["virtual_hosts"][0]
    anybody = route_configuration(ir_of({"GET /a": "any"}))["virtual_hosts"][0]
    assert "on_no_match" in nobody["typed_per_filter_config"]["scope"]["xds_matcher"]
    assert anybody["typed_per_filter_config"]["scope"]["disabled"]


def test_a_blocked_api_forwards_nothing() -> None:
    (host,) = route_configuration(ir_of({"GET /a": "any"}, state=State.BLOCKED))["virtual_hosts"]
    assert [list(route) for route in host["routes"] if "route" in route] == []


def test_nobodys_key_comes_from_a_sentence_and_from_nobody() -> None:
    def number(name: str) -> int:
        return int.from_bytes(base64.urlsafe_b64decode(NOBODYS_KEY[name] + "="))

    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    start = int.from_bytes(hashlib.sha256(b"gatewright: nobody has this key").digest())
    assert 0 <= number("x") - start < 100
    assert (number("y") ** 2 - number("x") ** 3 + 3 * number("x") - b) % prime == 0


def test_policies_have_names_of_their_own() -> None:
    found = [policy.filter_name("env") for policy in POLICIES]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("url", "tls", "host", "port", "path", "authority"),
    [
        ("http://a.test", False, "a.test", 80, "", "a.test"),
        ("https://a.test/x/y", True, "a.test", 443, "/x/y", "a.test"),
        ("http://a.test:8080/x", False, "a.test", 8080, "/x", "a.test:8080"),
        ("https://[::1]:1/", True, "::1", 1, "", "[::1]:1"),
    ],
)
def test_upstreams(
    url: str, tls: bool, host: str, port: int, path: str, authority: str
) -> None:  # fmt: skip
    upstream = lower_upstream(url)
    assert (upstream.tls, upstream.host, upstream.port, upstream.path) == (tls, host, port, path)
    assert upstream.authority == authority
    assert cluster_name(upstream) == cluster_name(replace(upstream, path="/other"))


@pytest.mark.parametrize(
    ("operations", "upstream", "location"),
    [
        pytest.param(
            {"GET /a/{x}": "any", "GET /a/{y}": "any"}, "http://u", "GET /a/{y}", id="twin"
        ),
        pytest.param({"GET /%41": "any", "GET /A": "any"}, "http://u", "GET /A", id="same spelled"),
        pytest.param({"GET /a": "any"}, "ftp://u", "upstream", id="upstream"),
    ],
)
def test_check_says_where_and_what(operations: Any, upstream: str, location: str) -> None:
    scene = Scene({"apis": [{"handle": "books", "operations": {"GET /a": "any"}}]})
    organization = scene.tables["organizations"]["org_1"]
    (api,) = scene.tables["apis"].values()
    found = check(organization, api, definition_of(operations), upstream, load_messages())
    assert [problem.location for problem in found] == [location]
    assert check(organization, api, api.definition, "http://u", load_messages()) == []


def test_every_refusal_stands_in_the_reference_with_its_code_and_message() -> None:
    text = (Path(__file__).parents[2] / "docs/reference/errors.md").read_text()
    rows = {
        line.split("|")[1].strip(" `"): line for line in text.splitlines() if line.startswith("| `")
    }
    assert list(rows) == [refusal.name for refusal in REFUSALS]
    for refusal in REFUSALS:
        assert f"| {refusal.code} | {refusal.message} |" in rows[refusal.name]
        assert str(refusal.status or "") in rows[refusal.name]
