"""The STS as a WSGI application: from a request's address to an endpoint's answer.

It decides nothing about clients or tokens, knows no socket, and keeps nothing between requests.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from gatewright.domain.errors import Unavailable
from gatewright.interfaces.oauth.readers import Readers
from gatewright.interfaces.oauth.reading import Environ, read
from gatewright.interfaces.oauth.routes import POSTED, SHARED, Route, methods, route
from gatewright.observability.log import Log
from gatewright.sts import answer, metadata
from gatewright.sts.answer import Answer
from gatewright.sts.errors import Refused, TemporarilyUnavailable
from gatewright.sts.issuer import Issuer
from gatewright.sts.request import Request
from gatewright.sts.revoke import Revocation
from gatewright.sts.service import Pending, TokenService

READERS_PER_ADDRESS_MAX = 48
"""Three quarters of a worker's threads: a body that comes slowly holds one of them."""

StartResponse = Callable[[str, list[tuple[str, str]]], object]

_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_ANY_ORIGIN = (("access-control-allow-origin", "*"),)
_PREFLIGHT = (
    *_ANY_ORIGIN,
    ("access-control-allow-headers", "authorization, content-type"),
    ("access-control-max-age", "600"),
)


@dataclass(frozen=True, slots=True)
class _Unwritten:
    """A revocation that was decided; writing it may take a while."""

    issuer: Issuer
    revocation: Revocation


class App:
    """The endpoints over one token service, for use by any number of threads (PEP 3333).

    The service takes one thread at a time: a thread has its turn only for the deciding, never
    while a client sends or the database writes.
    """

    def __init__(self, service: TokenService, log: Log) -> None:
        self.log = log
        self._service = service
        self._turn = threading.Lock()
        self._readers = Readers(READERS_PER_ADDRESS_MAX)

    def __call__(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        """Answer one request. Never raises."""
        try:
            given = self._answer(environ)
        except Exception as error:  # noqa: BLE001 - a client is owed an answer, whatever broke
            given = self._failed(error)
        start_response(_STATUS_LINES[given.status], list(given.headers))
        return [given.body]

    def upkeep(self) -> None:
        """Write last uses and prune revocations; no request waits for it. Never raises."""
        try:
            with self._turn:
                work = self._service.upkeep()
            work()
        except Exception as error:  # noqa: BLE001 - upkeep must never end the worker
            self.log.fail("upkeep", error)

    def _answer(self, environ: Environ) -> Answer:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        found = route(path)
        if found is None:
            return _elsewhere(path)
        endpoint = found.endpoint
        if method not in methods(endpoint):
            return _options(endpoint) if method == "OPTIONS" else _not_allowed(endpoint)
        try:
            request = self._read(environ) if endpoint in POSTED else read(environ, with_body=False)
        except Refused as refused:
            given: Answer | Pending | _Unwritten = answer.refusal(refused)
        else:
            with self._turn:
                given = self._decide(found, request)
        if isinstance(given, _Unwritten):
            given = self._service.write(given.issuer, given.revocation)
        elif isinstance(given, Pending):
            given = self._service.accept(given)
        return _shared(given) if endpoint in SHARED else given

    def _read(self, environ: Environ) -> Request:
        address = environ.get("REMOTE_ADDR", "")
        if not self._readers.enter(address):
            raise TemporarilyUnavailable(
                "too many requests of this address are still coming in.", retry_after_seconds=1
            )
        try:
            return read(environ, with_body=True)
        finally:
            self._readers.leave(address)

    def _decide(self, found: Route, request: Request) -> Answer | Pending | _Unwritten:
        try:
            issuer = self._service.issuer(found.organization, found.kind)
        except Unavailable as error:
            return answer.refusal(TemporarilyUnavailable(error.reason, retry_after_seconds=1))
        if issuer is None:
            return problem(404, "not-found", "There is no such issuer.")
        match found.endpoint:
            case "token":
                return self._service.token(issuer, request)
            case "jwks":
                return answer.public(issuer.jwks)
            case "metadata":
                return answer.public(metadata.document(issuer))
            case "introspect":
                return self._service.introspect(issuer, request)
        outcome = self._service.revoke(issuer, request)
        return _Unwritten(issuer, outcome) if isinstance(outcome, Revocation) else outcome

    def _failed(self, error: Exception) -> Answer:
        self.log.fail("oauth", error)
        body = {
            "error": "server_error",
            "error_description": "the request failed; it was reported.",
        }
        headers = (("content-type", "application/json"), ("cache-control", "no-store"))
        return Answer(500, headers, orjson.dumps(body), "server_error")


def create_app(service: TokenService, log: Log) -> App:
    """The endpoints over one token service."""
    return App(service, log)


def problem(status: int, code: str, detail: str) -> Answer:
    """RFC 9457, for what is no OAuth answer."""
    headers = (("content-type", "application/problem+json"), ("cache-control", "no-store"))
    title = code.replace("-", " ").capitalize()
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    return Answer(status, headers, orjson.dumps(body), code)


def _elsewhere(path: str) -> Answer:
    if path == "/health":
        return Answer(200, (("content-type", "application/json"),), b'{"status":"ok"}')
    return problem(404, "not-found", "There is nothing at this address.")


def _shared(given: Answer) -> Answer:
    return Answer(given.status, given.headers + _ANY_ORIGIN, given.body, given.outcome)


def _allow(endpoint: str) -> str:
    return ", ".join((*methods(endpoint), "OPTIONS"))


def _options(endpoint: str) -> Answer:
    allow = _allow(endpoint)
    headers: answer.Headers = (("allow", allow),)
    if endpoint in SHARED:
        headers += (*_PREFLIGHT, ("access-control-allow-methods", allow))
    return Answer(204, headers, b"")


def _not_allowed(endpoint: str) -> Answer:
    given = problem(405, "method-not-allowed", f"Use {' or '.join(methods(endpoint))}.")
    headers = (*given.headers, ("allow", _allow(endpoint)))
    given = Answer(405, headers, given.body, given.outcome)
    return _shared(given) if endpoint in SHARED else given
