"""Bodies: nobody unknown fills the memory, nobody at all holds a connection by sending slowly."""

import asyncio
import json

import pytest
from tests.management.installation import DOCUMENT, api, made, refused

from gatewright.interfaces.management import intake
from gatewright.interfaces.management.intake import BODY_BYTES_MAX, DOCUMENT_BYTES_MAX

DOCUMENTS = [("POST", "/apis/import"), ("POST", "/apis"), ("PUT", "/apis/x/operations")]
LARGE = str(BODY_BYTES_MAX + 1).encode()


def ask(installed, method, path, headers, messages):
    """The answer's start message, and how often the application asked for more of the body."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": api(path), "raw_path": api(path).encode(), "query_string": b"",
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000),
        "headers": [(b"host", b"127.0.0.1:8000"), *headers],
    }  # fmt: skip
    sent, asked = [], 0

    async def receive():
        nonlocal asked
        asked += 1
        if messages:
            return messages.pop(0)
        await asyncio.sleep(60)
        raise AssertionError("It waits for ever.")

    async def send(message):
        sent.append(message)

    asyncio.run(installed.app(scope, receive, send))
    start = sent[0]
    return start["status"], dict(start["headers"]), asked


@pytest.mark.parametrize("method, path", [*DOCUMENTS, ("POST", "/applications"), ("GET", "/me")])
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([(b"content-length", LARGE)], id="large"),
        pytest.param([(b"transfer-encoding", b"chunked")], id="chunked"),
        pytest.param([(b"content-length", b"x")], id="no number"),
        pytest.param([(b"content-length", b"9" * 5000)], id="huge number"),
        pytest.param(
            [(b"content-length", LARGE), (b"authorization", b"Bearer nonsense")], id="wrong token"
        ),
        pytest.param(
            [(b"content-length", LARGE), (b"authorization", b"Basic eDp5")], id="another scheme"
        ),
        pytest.param([(b"content-length", LARGE), (b"cookie", b"gw_session=x")], id="cookie"),
    ],
)
def test_large_body_of_somebody_unknown_is_refused_unread(installed, method, path, headers):
    status, shown, asked = ask(installed, method, path, headers, [])
    safe = method == "GET" or (b"cookie", b"gw_session=x") not in headers
    assert (status, asked) == (401 if safe else 403, 0)
    assert shown[b"connection"] == b"close"


def test_sign_in_takes_a_small_chunked_body_and_no_large_one(installed):
    body = json.dumps({"code": "x"}).encode()
    chunked = [(b"transfer-encoding", b"chunked"), (b"content-type", b"application/json")]
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    assert ask(installed, "POST", "/sessions", chunked, messages)[0] == 401
    status, _, asked = ask(installed, "POST", "/sessions", [(b"content-length", LARGE)], [])
    assert (status, asked) == (413, 0)
    part = {"type": "http.request", "body": b" " * 40_000, "more_body": True}
    assert ask(installed, "POST", "/sessions", chunked, [part, part, part])[::2] == (413, 2)


@pytest.mark.parametrize("method, path", DOCUMENTS)
def test_documents_may_be_large(admin, method, path):
    large = {"name": "x" * (DOCUMENT_BYTES_MAX - 100)}
    assert admin.request(method, api(path), json=large).status_code == 422
    over = admin.request(method, api(path), content=b" " * (DOCUMENT_BYTES_MAX + 1))
    refused(over, 413, "too-large")


@pytest.mark.parametrize("path", ["/applications", "/apis/x/scopes", "/apis/x/operations/y"])
def test_other_bodies_may_not(admin, path):
    refused(admin.post(api(path), content=b" " * (BODY_BYTES_MAX + 1)), 413, "too-large")


def test_known_person_may_send_a_large_document(admin):
    padded = DOCUMENT + "#" * BODY_BYTES_MAX
    made(admin.post(api("/apis/import"), json={"document": padded}))


@pytest.mark.parametrize("headers", [[(b"content-length", b"100")], []], ids=["said", "unsaid"])
def test_body_that_does_not_come_is_given_up(installed, monkeypatch, headers):
    monkeypatch.setattr(intake, "SECONDS_MAX", 0.05)
    part = {"type": "http.request", "body": b"{", "more_body": True}
    status, shown, asked = ask(installed, "POST", "/sessions", headers, [part])
    assert (status, shown[b"connection"], asked) == (408, b"close", 2)


def test_time_grows_with_what_has_come():
    async def more(bytes_come):
        async with asyncio.timeout(10) as limit:
            before = limit.when()
            intake._extend(limit, bytes_come)
            return limit.when() - before

    assert asyncio.run(more(DOCUMENT_BYTES_MAX)) == pytest.approx(96)
    assert asyncio.run(more(0)) == 0
