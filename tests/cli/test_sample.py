"""The Reading List sample: its service keeps to its document, and to its bounds."""

import asyncio
import json

import pytest
import yaml

from gatewright.main.sample import create_app, document
from gatewright.main.sample.service import BODY_BYTES_MAX, BOOKS_MAX


def ask(app, method, path, body=b""):
    """One request to the ASGI application: status, headers, body."""
    sent = []
    parts = [body[index : index + 4096] for index in range(0, len(body), 4096)] or [b""]
    messages = [
        {"type": "http.request", "body": part, "more_body": index < len(parts) - 1}
        for index, part in enumerate(parts)
    ]

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(app({"type": "http", "method": method, "path": path}, receive, send))
    text = sent[1]["body"]
    return sent[0]["status"], dict(sent[0]["headers"]), json.loads(text) if text else None


BOOK = {"title": "Kindred", "author": "Octavia E. Butler", "status": "to-read"}


def test_three_books_to_start_with():
    status, headers, body = ask(create_app(), "GET", "/books")
    assert (status, headers[b"content-type"], body["count"]) == (200, b"application/json", 3)


def test_a_book_s_life():
    app = create_app()
    status, headers, book = ask(app, "POST", "/books", json.dumps(BOOK).encode())
    assert (status, headers[b"location"], book) == (201, b"/books/4", {"id": "4", **BOOK})
    changed = json.dumps({**BOOK, "status": "read"}).encode()
    assert ask(app, "PUT", "/books/4", changed)[2]["status"] == "read"
    assert ask(app, "GET", "/books/4")[2]["status"] == "read"
    assert ask(app, "DELETE", "/books/4")[0] == 204
    assert ask(app, "GET", "/books/4")[0] == 404
    assert ask(app, "POST", "/books", json.dumps(BOOK).encode())[2]["id"] == "5"


def test_two_services_share_nothing():
    first, second = create_app(), create_app()
    ask(first, "DELETE", "/books/1")
    assert ask(second, "GET", "/books/1")[0] == 200


def test_head_has_no_body():
    status, headers, body = ask(create_app(), "HEAD", "/books")
    assert (status, body) == (200, None)
    assert int(headers[b"content-length"]) > 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"", "not JSON", id="empty"),
        pytest.param(b"\xff", "not JSON", id="not UTF-8"),
        pytest.param(b"[" * 9000, "not JSON", id="deep"),
        pytest.param(b"[]", "not a JSON object", id="list"),
        pytest.param(b'{"title": "T"}', "author: must be a text", id="no author"),
        pytest.param(b'{"title": " ", "author": "A"}', "title: must be a text", id="blank"),
        pytest.param(b'{"title": "T", "author": "A", "x": 1}', "no 'x'", id="unknown"),
        pytest.param(b'{"title": "T", "author": "A", "status": []}', "one of", id="status"),
        pytest.param(b'{"title": "\\ud800", "author": "A"}', "not valid Unicode", id="surrogate"),
        pytest.param(json.dumps({**BOOK, "title": "x" * 201}).encode(), "1 to 200", id="long"),
    ],
)
def test_what_is_no_book_is_refused_and_changes_nothing(body, words):
    app = create_app()
    for method, path in (("POST", "/books"), ("PUT", "/books/1")):
        status, _, answer = ask(app, method, path, body)
        assert (status, words in answer["error"]) == (400, True), answer
    assert ask(app, "GET", "/books")[2]["count"] == 3


def test_bounds():
    app = create_app()
    assert ask(app, "POST", "/books", b"a" * (BODY_BYTES_MAX + 1))[0] == 413
    for _ in range(BOOKS_MAX - 3):
        assert ask(app, "POST", "/books", json.dumps(BOOK).encode())[0] == 201
    assert ask(app, "POST", "/books", json.dumps(BOOK).encode())[0] == 409


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        pytest.param("PATCH", "/books", 405, b"GET, POST", id="method of the list"),
        pytest.param("POST", "/books/1", 405, b"GET, PUT, DELETE", id="method of a book"),
        pytest.param("GET", "/", 404, None, id="root"),
        pytest.param("GET", "/books/1/x", 404, None, id="deeper"),
        pytest.param("GET", "/books/", 404, None, id="slash"),
    ],
)
def test_what_is_not_there(method, path, status, allow):
    answer = ask(create_app(), method, path)
    assert (answer[0], answer[1].get(b"allow")) == (status, allow)


def test_the_document_declares_what_the_service_does():
    told = yaml.safe_load(document())
    assert told["openapi"].startswith("3.1.")
    assert (told["info"]["title"], told["info"]["version"]) == ("Reading List", "1.0.0")
    flow = told["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    assert set(flow["scopes"]) == {"books:read", "books:write"}
    app, methods = create_app(), ("get", "put", "post", "delete")
    for path, item in told["paths"].items():
        for method in (name for name in methods if name in item):
            operation = item[method]
            needed = "books:read" if method == "get" else "books:write"
            assert operation["security"] == [{"oauth2": [needed]}]
            assert operation["summary"]
            body = json.dumps(BOOK).encode()
            status = ask(app, method.upper(), path.replace("{id}", "3"), body)[0]
            assert str(status) in operation["responses"], (method, path)
