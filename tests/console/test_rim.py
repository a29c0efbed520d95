"""What every answer carries, and what is answered when something is wrong."""

import re
from contextlib import contextmanager

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.console.conftest import ORIGIN, OWN, Site

from gatewright.domain.errors import Unavailable
from gatewright.interfaces.console.rendering import Renderer
from gatewright.interfaces.console.rim import CONTENT_SECURITY_POLICY

ADDRESSES = [
    "/", "/apis/books/v1.0", "/apis/none/v1.0", "/console", "/welcome/x", "/nothing",
    "/static/pages.css", "/static/none.css",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_every_answer_has_the_headers(site: Site, method: str, address: str) -> None:
    site.api()
    answer = site.signed_in().request(method, address)
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    with_form = address == "/console" and method != "DELETE"
    assert answer.headers["referrer-policy"] == ("same-origin" if with_form else "no-referrer")
    kept = "no-cache" if address.startswith("/static/") else "no-store"
    assert answer.headers["cache-control"] == kept
    assert answer.headers["x-request-id"].startswith("req_")


def test_the_policy_is_strict() -> None:
    assert CONTENT_SECURITY_POLICY == (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )


@pytest.mark.parametrize("address", ["/", "/apis/books/v1.0", "/console", "/nothing"])
def test_pages_need_nothing_that_the_policy_forbids(site: Site, address: str) -> None:
    site.api()
    text = site.signed_in().get(address).text
    tags = re.findall(r"<[^>]*>", text)
    for forbidden in ("<script", "<style", " style=", " on", "javascript:", "//"):
        assert not [tag for tag in tags if forbidden in tag]


@pytest.mark.parametrize("address", ["/", "/apis/books/v1.0", "/console", "/static/pages.css"])
def test_head_answers_like_get_without_a_body(site: Site, address: str) -> None:
    site.api()
    browser = site.signed_in()
    head, get = browser.head(address), browser.get(address)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        pytest.param("GET", "/nothing", 404, id="no-such-page"),
        pytest.param("GET", "/console/", 404, id="no-redirect-of-slashes"),
        pytest.param("GET", "/apis/<script>x/v1.0", 404, id="hostile-handle"),
        pytest.param("GET", "/static/..%2fapp.py", 404, id="out-of-the-folder"),
        pytest.param("GET", "/static/", 404, id="folder"),
        pytest.param("POST", "/", 405, id="post-to-portal"),
        pytest.param("PUT", "/welcome/x", 405, id="put-to-welcome"),
        pytest.param("GET", "/console/sign-out", 405, id="get-of-sign-out"),
        pytest.param("POST", "/static/pages.css", 405, id="post-to-static"),
        pytest.param("POST", "/console/sign-out", 403, id="form-of-nobody"),
    ],
)
def test_errors_are_pages(site: Site, method: str, address: str, status: int) -> None:
    answer = site.browser().request(method, address)
    assert answer.status_code == status
    assert f'<p class="muted">{status}</p>' in answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script" not in answer.text
    assert ("allow" in answer.headers) == (status == 405)


def test_405_names_all_methods(site: Site) -> None:
    allowed = site.browser().put("/welcome/x").headers["allow"]
    assert set(allowed.split(", ")) == {"GET", "HEAD", "POST"}


class Broken:
    """A store that fails in a way of the test's choice."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    @contextmanager
    def read(self):
        raise self._error
        yield

    write = read


@pytest.mark.parametrize(
    ("method", "address"),
    [("GET", "/"), ("GET", "/console"), ("GET", "/welcome/x"), ("POST", "/welcome/x"),
     ("POST", "/console/sign-out"), ("GET", "/apis/a/v1.0")],
)  # fmt: skip
def test_what_nobody_foresaw_is_reported_and_not_shown(
    site: Site, method: str, address: str
) -> None:
    error = RuntimeError("password=hunter2")
    answer = site.browser(Broken(error)).request(method, address, headers=OWN)
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    assert site.reports == [(answer.headers["x-request-id"], error)]
    assert answer.headers["x-request-id"] in answer.text


def test_a_page_that_can_not_be_made_is_reported_too(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = site.browser()
    monkeypatch.setattr(Renderer, "page", lambda *_: 1 / 0)
    answer = pages.get("/")
    assert answer.status_code == 500
    assert answer.text == f"Something went wrong here: {answer.headers['x-request-id']}.\n"
    assert [type(error) for _, error in site.reports] == [ZeroDivisionError]


def test_a_database_that_is_away_is_said(site: Site) -> None:
    answer = site.browser(Broken(Unavailable("The database is away."))).get("/")
    assert answer.status_code == 503
    assert "The database is away." in answer.text
    assert site.reports == []


def test_an_empty_database_is_no_crash(site: Site) -> None:
    with site.store.write() as tx:
        organization = tx.organizations.find()[0]
        for noun in ("audit_records", "users", "plans", "environments"):
            for row in getattr(tx, noun).find():
                getattr(tx, noun).remove(row.id)
        tx.organizations.remove(organization.id)
    assert site.browser().get("/").status_code == 503


def test_behind_the_routes_of_another_application(site: Site) -> None:
    outer = FastAPI()

    @outer.get("/api/v1/status")
    def status() -> dict[str, bool]:
        return {"up": True}

    outer.mount("/", site.pages())
    browser = TestClient(outer, ORIGIN, follow_redirects=False)
    assert browser.get("/api/v1/status").json() == {"up": True}
    assert browser.post(site.link(), headers=OWN).headers["location"] == "/console"
    for address in ("/", "/console", "/static/pages.css"):
        answer = browser.get(address)
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "<h1>Console</h1>" in browser.get("/console").text
    assert '<p class="muted">404</p>' in browser.get("/nothing").text
