"""The surface as a whole: its description, its guards, and what every answer carries."""

import json
import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from tests.management.installation import api, journey, made, refused
from tools.openapi import PATH, rendered

from gatewright.interfaces.management.caller import reader
from gatewright.interfaces.management.routes import HEALTH, ROUTERS

GOLDEN = Path(__file__).parent
ROUTES = [
    ("" if router is HEALTH else "/api/v1", route)
    for router in (HEALTH, *ROUTERS)
    for route in router.routes
    if isinstance(route, APIRoute)
]


def guarded(dependant):
    return dependant.call is reader or any(guarded(item) for item in dependant.dependencies)


def names(prefix, route):
    return [f"{method} {prefix}{route.path}" for method in sorted(route.methods)]


def test_description_is_the_checked_in_one():
    assert PATH.read_text() == rendered(), "run `python -m tools.openapi` and read the diff"
    assert json.loads(rendered())["openapi"].startswith("3.1")


def test_unguarded_routes_are_the_reviewed_ones():
    found = [
        name
        for prefix, route in ROUTES
        if not guarded(route.dependant)
        for name in names(prefix, route)
    ]
    assert "\n".join(sorted([*found, "GET /api/v1/openapi.json"])) + "\n" == (
        (GOLDEN / "unguarded.txt").read_text()
    )


def test_description_lists_every_route_and_no_other():
    described = json.loads(PATH.read_text())["paths"]
    listed = {f"{method.upper()} {path}" for path, item in described.items() for method in item}
    assert listed == {name for prefix, route in ROUTES for name in names(prefix, route)}


GUARDED = [
    name for prefix, route in ROUTES if guarded(route.dependant) for name in names(prefix, route)
]


@pytest.mark.parametrize("name", GUARDED)
@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Basic b3duZXI6eA==", "Bearer"])
def test_nobody_passes_without_a_login(installed, name, authorization):
    method, path = name.split(" ")
    headers = {"Authorization": authorization} if authorization else {}
    answer = installed.client().request(
        method, re.sub(r"\{kind\}", "production", path), json={}, headers=headers
    )
    refused(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "method, path, status, code",
    [
        ("GET", "/none", 404, "not-found"),
        ("GET", "/api/v1/none", 404, "not-found"),
        ("DELETE", "/api/v1/plans", 405, "method-not-allowed"),
        ("TRACE", "/api/v1/apis", 405, "method-not-allowed"),
        ("GET", "/api/v1/docs", 404, "not-found"),
        ("GET", "/api/v1/apis/", 404, "not-found"),
    ],
)
def test_routing_errors_are_problems_too(admin, method, path, status, code):
    refused(admin.request(method, path), status, code)


@pytest.mark.parametrize("header", ["Host", "Origin", "Sec-Fetch-Site", "If-Match", "Cookie"])
@pytest.mark.parametrize("value", ["http://[bad", "[bad", "\xff", "a" * 5000, ""])
@pytest.mark.parametrize("path", ["/none", "/api/v1/applications"])
def test_malformed_headers_are_no_internal_error(installed, admin, header, value, path):
    headers = {header: value.encode("latin-1"), "Idempotency-Key": "key"}
    assert admin.post(path, json={"name": "a"}, headers=headers).status_code < 500
    guest = {**headers, "Cookie": "gw_session=x"} | {header: value.encode("latin-1")}
    assert 400 <= installed.client().post(path, json={}, headers=guest).status_code < 500


@pytest.mark.parametrize(
    "content",
    [b"{", b"\xff", b"[" * 60_000, b'"\\ud800"', b'{"name": "\\ud800"}', b"null", b"1e999", b""],
)
def test_malformed_bodies_are_problems(admin, content):
    answer = admin.post(
        api("/applications"), content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    refused(answer, answer.status_code)


def test_too_large_body_is_refused(admin):
    refused(admin.post(api("/applications"), content=b" " * (6 * 1024 * 1024 + 1)), 413)

    def chunks():
        for _ in range(7):
            yield b" " * 1024 * 1024

    refused(admin.post(api("/applications"), content=chunks()), 413, "too-large")


def test_every_answer_carries_the_safe_headers(admin):
    for answer in (admin.get(api("/me")), admin.get("/none"), admin.get(api("/openapi.json"))):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "given, kept",
    [("abc-1.2_3", True), ("x" * 64, True), ("x" * 65, False), ("a b", False), ("<x>", False)],
)
def test_request_id_comes_back_when_it_is_one(admin, given, kept):
    shown = admin.get(api("/me"), headers={"X-Request-Id": given}).headers["x-request-id"]
    assert (shown == given) is kept and re.fullmatch(r"[A-Za-z0-9._-]{1,64}", shown)


def test_unexpected_error_tells_nothing_and_is_reported(installed, admin):
    def explode(*_):
        raise RuntimeError("secret internals")

    installed.tokens.issue = explode
    journey(admin)
    answer = admin.post(api("/applications/demo-app/tokens"), json={})
    problem = refused(answer, 500, "internal")
    assert "secret internals" not in answer.text
    ((id, error),) = installed.reports
    assert id == problem["request_id"] and str(error) == "secret internals"


def test_health_needs_no_login(installed):
    assert made(installed.client().get("/health"), 200) == {"ok": True}


def test_pages_follow_each_other_without_gap(admin):
    wanted = [
        made(admin.post(api("/applications"), json={"name": f"a{n}"}))["id"] for n in range(7)
    ]
    seen, cursor = [], None
    for _ in range(4):
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = made(admin.get(api("/applications"), params=query), 200)
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == wanted and cursor is None


def test_thousand_apis_are_listed_with_as_many_queries_as_one(installed, admin):
    from sqlalchemy import Engine, event
    from tests.management.many import add_apis

    def queries():
        count = [0]

        def counted(*_):
            count[0] += 1

        event.listen(Engine, "before_cursor_execute", counted)
        try:
            page = made(admin.get(api("/apis?limit=200")), 200)
        finally:
            event.remove(Engine, "before_cursor_execute", counted)
        return count[0], page

    journey(admin)
    few, _ = queries()
    add_apis(installed, 1000)
    many, page = queries()
    assert many == few > 0
    assert len(page["items"]) == 200 and page["next_cursor"]
    found = made(admin.get(api("/apis?search=API%20number%20999")), 200)["items"]
    assert [item["handle"] for item in found] == ["api-number-999"]
    assert made(admin.get(api("/apis?state=published")), 200)["items"][0]["deployed_to"] == [
        "development", "production",
    ]  # fmt: skip
