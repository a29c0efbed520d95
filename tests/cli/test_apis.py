"""`gatewright api` and `scope`: what is asked, what is said, what comes back to scripts."""

import json

import httpx2
import pytest

from gatewright.interfaces.cli import live as live_module

DOCUMENT = "openapi: 3.1.0\ninfo: {title: Books, version: '1'}\npaths: {}\n"


@pytest.fixture
def imported(fake, api):
    result = {
        "api": api,
        "warnings": [{"location": "/paths/~1books/get", "message": "callbacks are not used"}],
        "created": True,
        "dry_run": False,
        "removed_operations": [],
    }
    fake.on("POST", "/apis/import", result, status=201, sequence=3)
    fake.on("GET", "/apis/books", api)
    return result


def test_import_sends_the_text_of_a_file_and_the_options(run, fake, imported, tmp_path):
    (tmp_path / "books.yaml").write_text(DOCUMENT)
    options = "--context /books --version v1.0 --upstream http://127.0.0.1:9000 --name Books"
    result = run("api", "import", "books.yaml", *options.split(), "--update", "--dry-run")
    assert result.exit_code == 0
    assert fake.body() == {
        "document": DOCUMENT,
        "context": "/books",
        "version": "v1.0",
        "upstream": "http://127.0.0.1:9000",
        "name": "Books",
        "update": True,
        "dry_run": True,
    }


def test_import_shows_operations_with_scopes_warnings_and_the_next_step(run, imported):
    result = run("api", "import", "-", stdin=DOCUMENT)
    assert "GET /books  books:read | books:admin + books:all  List books" in result.stdout
    assert "urn:default:books:books:read" in result.stdout
    assert "warning: /paths/~1books/get: callbacks are not used" in result.stderr
    assert "next: gatewright api deploy books\n" in result.stderr


def test_import_of_an_older_version_names_it_in_the_next_step(run, fake, imported, api):
    fake.on("GET", "/apis/books", {**api, "id": "api_2", "reference": "books:v2.0"})
    result = run("api", "import", "-", stdin=DOCUMENT)
    assert "next: gatewright api deploy books:v1.0\n" in result.stderr


def test_import_fetches_a_url_here_and_without_the_token(run, fake, imported):
    fake.on("GET", "/openapi.json", {"openapi": "3.1.0"}, base="")
    result = run("api", "import", "https://books.example/openapi.json", "--json")
    assert json.loads(result.stdout) == imported
    assert fake.requests[0].url.host == "books.example"
    assert "authorization" not in fake.requests[0].headers
    assert fake.body(1)["document"] == '{"openapi": "3.1.0"}'


@pytest.mark.parametrize(
    ("source", "stdin", "code", "words"),
    [
        pytest.param(
            "absent.yaml", None, 64, "document: absent.yaml can not be read", id="no file"
        ),
        pytest.param("-", b"", 1, "document: is empty", id="empty"),
        pytest.param("-", b"\xff\xfe\x00", 1, "document: is not UTF-8", id="binary"),
        pytest.param("-", b"a" * 10_000_001, 1, "document: is larger than 10 MB", id="too large"),
        pytest.param("https://h.example/none", None, 1, "answered with status 404", id="no page"),
        pytest.param("https://h:port/", None, 1, "can not be fetched", id="no url"),
    ],
)
def test_import_refuses_what_is_no_document(run, fake, source, stdin, code, words):
    result = run("api", "import", source, stdin=stdin)
    assert result.exit_code == code
    assert words in result.stderr
    assert "POST /apis/import" not in fake.calls()


def test_list_follows_the_pages_up_to_the_limit(run, fake, api):
    pages = iter([([api] * 200, "next"), ([api] * 20, "more")])

    def page() -> httpx2.Response:
        items, cursor = next(pages)
        return httpx2.Response(200, json={"items": items, "next_cursor": cursor})

    fake.table["GET", "/api/v1/apis"] = page
    result = run("api", "list", "--limit", "220", "--state", "CREATED", "--json")
    assert len(json.loads(result.stdout)["items"]) == 220
    assert fake.query(0) == {"state": "CREATED", "limit": "200"}
    assert fake.query(1) == {"state": "CREATED", "limit": "20", "cursor": "next"}


def test_list_is_a_table(run, fake, api):
    fake.on("GET", "/apis", {"items": [api], "next_cursor": None})
    lines = run("api", "list").stdout.splitlines()
    assert lines[0].split() == ["API", "NAME", "CONTEXT", "STATE", "OPERATIONS", "DEPLOYED", "TO"]
    assert lines[1].split() == ["books:v1.0", "Books", "/books", "CREATED", "1", "production"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        pytest.param("books", "/apis/books", id="handle"),
        pytest.param("books:v1.0", "/apis/books%3Av1.0", id="version"),
        pytest.param("../users", "/apis/..%2Fusers", id="climbing"),
        pytest.param("..", "/apis/%2E%2E", id="dots"),
        pytest.param("a?b#c", "/apis/a%3Fb%23c", id="query and fragment"),
    ],
)
def test_a_name_stays_one_segment_of_the_path(run, fake, api, name, path):
    fake.on("GET", path, api)
    result = run("api", "show", name)
    assert result.exit_code == 0, result.stderr
    assert "books:v1.0" in result.stdout


DEPLOYED = {
    "id": "dep_1",
    "environment": "production",
    "kind": "production",
    "revision": 2,
    "digest": "d",
    "upstream": "http://127.0.0.1:9000",
    "url": "http://127.0.0.1:8080/books/v1.0",
    "deployed_at": "2026-11-24T12:00:00Z",
    "fault": None,
}


@pytest.fixture
def deployable(fake, api):
    fake.on("POST", "/apis/books/deployments", {"items": [DEPLOYED]}, sequence=9)
    fake.on("GET", "/apis/books", api)
    fake.on("GET", "/apis/api_1/deployments", {"items": [DEPLOYED]})
    fake.live(9)


def test_deploy_without_environment_goes_everywhere_and_waits(run, fake, deployable):
    result = run("api", "deploy", "books")
    assert result.exit_code == 0, result.stderr
    assert fake.body() == {}
    assert [r.url.params["sequence"] for r in fake.requests if r.url.path.endswith("/live")] == [
        "9"
    ]
    assert result.stdout == "production: revision 2 at http://127.0.0.1:8080/books/v1.0\n"
    assert "books:v1.0 is deployed; live on 1 of 1 gateways" in result.stderr
    assert "next: gatewright api publish books" in result.stderr


def test_deploy_tells_what_it_took_as_it_stands(run, fake, deployable):
    warning = {"location": "GET /*", "message": "also answers /admin/."}
    answer = {"items": [DEPLOYED], "warnings": [warning]}
    fake.on("POST", "/apis/books/deployments", answer, sequence=9)
    assert "warning: GET /*: also answers /admin/." in run("api", "deploy", "books").stderr
    told = json.loads(run("api", "deploy", "books", "--json").stdout)
    assert told["warnings"] == [warning]


def test_deploy_passes_environment_revision_and_upstream(run, fake, deployable):
    run("api", "deploy", "books", "-e", "production", "--revision", "2", "--upstream", "http://u")
    assert fake.body() == {"environment": "production", "revision": 2, "upstream": "http://u"}


def test_deploy_that_does_not_wait_asks_nobody(run, fake, deployable):
    result = run("api", "deploy", "books", "--no-wait", "--json")
    assert json.loads(result.stdout) == {
        "deployments": [DEPLOYED],
        "live": None,
        "warnings": [],
    }
    assert not any(item.url.path.endswith("/live") for item in fake.requests)


@pytest.mark.parametrize(
    ("live", "words"),
    [
        pytest.param({"applied": 8}, "waiting for local.", id="behind"),
        pytest.param({"connected": False}, "no gateway is connected", id="alone"),
        pytest.param({"applied": 8, "rejection": "bad regex"}, "refused it: bad regex", id="nack"),
    ],
)
def test_deploy_says_why_it_is_not_live(run, fake, deployable, monkeypatch, live, words):
    monkeypatch.setattr(live_module, "WAIT_SECONDS_MAX", 0.05)
    fake.live(9, live=False, **live)
    result = run("api", "deploy", "books", "--json")
    assert result.exit_code == 1
    assert "error[not-live]: gateway: saved, and not in force" in result.stderr
    assert words in result.stderr
    assert json.loads(result.stdout)["error"]["code"] == "not-live"
    assert json.loads(result.stdout)["deployments"] == [DEPLOYED]


def test_deploy_that_is_live_while_envoy_refuses_something_warns(run, fake, deployable):
    fake.live(9, rejection="listener: bad filter\n")
    result = run("api", "deploy", "books")
    assert result.exit_code == 0
    assert "warning: Envoy refused: listener: bad filter\n" in result.stderr


def test_deploy_of_an_api_that_the_gateway_left_out_fails(run, fake, deployable):
    fault = {"reason": "regex too large", "serving": True, "at": "2026-11-24T12:00:00Z"}
    fake.on("GET", "/apis/api_1/deployments", {"items": [{**DEPLOYED, "fault": fault}]})
    result = run("api", "deploy", "books")
    assert result.exit_code == 1
    assert "production: regex too large (its last good revision keeps serving)" in result.stderr


@pytest.mark.parametrize(
    ("words", "state"),
    [
        pytest.param(("publish", "books"), "PUBLISHED", id="publish"),
        pytest.param(("lifecycle", "books", "blocked"), "blocked", id="lifecycle"),
    ],
)
def test_lifecycle_moves(run, fake, api, words, state):
    fake.on("POST", "/apis/books/lifecycle", {**api, "state": state.upper()}, sequence=4)
    fake.live(4)
    result = run("api", *words)
    assert fake.body() == {"state": state}
    assert result.stdout == f"books:v1.0 is {state.upper()}\n"
    assert "live on 1 of 1 gateways" in result.stderr


def test_delete_needs_yes_without_a_terminal_and_touches_nothing(run, fake, api):
    fake.on("GET", "/apis/books", api)
    result = run("api", "delete", "books")
    assert result.exit_code == 64
    assert "→ Add --yes" in result.stderr
    assert fake.calls() == ["GET /apis/books"]


def test_delete_with_yes(run, fake, api):
    fake.on("GET", "/apis/books", api)
    fake.on("DELETE", "/apis/api_1", status=204, sequence=5)
    fake.live(5)
    result = run("api", "delete", "books", "--yes", "--json")
    assert result.exit_code == 0
    assert fake.requests[1].url.query == b""
    run("api", "delete", "books", "--yes", "--force")
    assert fake.requests[4].url.query == b"force=true"
    assert json.loads(result.stdout)["deleted"] == "api_1"


def test_scope_attach_and_detach_name_scope_and_operation(run, fake, api):
    fake.on("POST", "/apis/books/scope-attachments", api, sequence=2)
    fake.on("DELETE", "/apis/books/scope-attachments", status=204, sequence=3)
    fake.on("GET", "/apis/books", api)
    result = run("scope", "attach", "books", "books:read", "--operation", "GET /books")
    assert fake.body() == {"scope": "books:read", "operation": "GET /books"}
    assert "books:read is attached to GET /books" in result.stdout
    assert "next: gatewright api deploy books" in result.stderr
    result = run("scope", "detach", "books", "books:read", "--operation", "GET /books", "--json")
    assert fake.query(1) == {"scope": "books:read", "operation": "GET /books"}
    assert json.loads(result.stdout) == api


def test_scope_add_and_list(run, fake, api):
    fake.on("POST", "/apis/books/scopes", {"name": "books:all"}, status=201)
    fake.on("GET", "/apis/books/scopes", {"items": api["scopes"], "next_cursor": None})
    run("scope", "add", "books", "books:all", "--description", "Everything")
    assert fake.body() == {"name": "books:all", "description": "Everything"}
    lines = run("scope", "list", "books").stdout.splitlines()
    assert lines[1] == "books:read  urn:default:books:books:read  GET /books"
