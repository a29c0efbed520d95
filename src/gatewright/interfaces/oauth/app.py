"""The STS's endpoints by address: from a call to an answer, whatever brought the call.

It decides nothing about clients or tokens, knows no socket, and keeps nothing between calls.
"""

from dataclasses import dataclass
from typing import NamedTuple

import orjson

from gatewright.domain.errors import Unavailable
from gatewright.interfaces.oauth.routes import SHARED, Route, methods, route
from gatewright.observability.log import Log
from gatewright.sts import answer
from gatewright.sts.answer import Answer
from gatewright.sts.errors import TemporarilyUnavailable
from gatewright.sts.issuer import Issuer
from gatewright.sts.request import Request
from gatewright.sts.revoke import Revocation
from gatewright.sts.service import TokenService

_ANY_ORIGIN = ((b"access-control-allow-origin", b"*"),)
_PREFLIGHT = (
    *_ANY_ORIGIN,
    (b"access-control-allow-headers", b"authorization, content-type"),
    (b"access-control-max-age", b"600"),
)


class Call(NamedTuple):
    """A whole HTTP request. `target` is the path as sent, never percent-decoded."""

    method: str
    target: bytes
    request: Request


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A revocation that was decided; `App.finish` writes it, which may take a while."""

    issuer: Issuer
    revocation: Revocation


class App:
    """The endpoints over one token service; for use by one thread, except `finish`."""

    def __init__(self, service: TokenService, log: Log) -> None:
        self.service = service
        self.log = log

    def answer(self, call: Call) -> Answer | Unwritten:
        """The answer, or what has to be written before there is one. Never raises."""
        try:
            return self._answer(call)
        except Exception as error:  # noqa: BLE001 - a client is owed an answer, whatever broke
            return self._failed(error)

    def finish(self, unwritten: Unwritten) -> Answer:
        """Write and answer; blocks for as long as the database takes. Never raises."""
        try:
            return self.service.write(unwritten.issuer, unwritten.revocation)
        except Exception as error:  # noqa: BLE001 - as above
            return self._failed(error)

    def _answer(self, call: Call) -> Answer | Unwritten:
        path = call.target.decode("latin-1")
        found = route(path)
        if found is None:
            return _elsewhere(path)
        endpoint = found.endpoint
        if call.method not in methods(endpoint):
            return _options(endpoint) if call.method == "OPTIONS" else _not_allowed(endpoint)
        try:
            issuer = self.service.issuer(found.organization, found.kind)
        except Unavailable as error:
            return answer.refusal(TemporarilyUnavailable(error.reason, retry_after_seconds=1))
        if issuer is None:
            return problem(404, "not-found", "There is no such issuer.")
        given = self._given(found, issuer, call.request)
        return _shared(given) if endpoint in SHARED and isinstance(given, Answer) else given

    def _given(self, found: Route, issuer: Issuer, request: Request) -> Answer | Unwritten:
        match found.endpoint:
            case "token":
                return self.service.token(issuer, request)
            case "jwks":
                return answer.public(issuer.jwks)
            case "metadata":
                return answer.public(issuer.metadata)
            case "introspect":
                return self.service.introspect(issuer, request)
        outcome = self.service.revoke(issuer, request)
        return Unwritten(issuer, outcome) if isinstance(outcome, Revocation) else outcome

    def _failed(self, error: Exception) -> Answer:
        self.log.fail("oauth", error)
        body = {
            "error": "server_error",
            "error_description": "the request failed; it was reported.",
        }
        headers = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))
        return Answer(500, headers, orjson.dumps(body), "server_error")


def create_app(service: TokenService, log: Log) -> App:
    """The endpoints over one token service."""
    return App(service, log)


def problem(status: int, code: str, detail: str) -> Answer:
    """RFC 9457, for what is no OAuth answer."""
    headers = ((b"content-type", b"application/problem+json"), (b"cache-control", b"no-store"))
    title = code.replace("-", " ").capitalize()
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    return Answer(status, headers, orjson.dumps(body), code)


def _elsewhere(path: str) -> Answer:
    if path == "/health":
        return Answer(200, ((b"content-type", b"application/json"),), b'{"status":"ok"}')
    return problem(404, "not-found", "There is nothing at this address.")


def _shared(given: Answer) -> Answer:
    return Answer(given.status, given.headers + _ANY_ORIGIN, given.body, given.outcome)


def _allow(endpoint: str) -> bytes:
    return ", ".join((*methods(endpoint), "OPTIONS")).encode()


def _options(endpoint: str) -> Answer:
    allow = _allow(endpoint)
    headers: answer.Headers = ((b"allow", allow),)
    if endpoint in SHARED:
        headers += (*_PREFLIGHT, (b"access-control-allow-methods", allow))
    return Answer(204, headers, b"")


def _not_allowed(endpoint: str) -> Answer:
    given = problem(405, "method-not-allowed", f"Use {' or '.join(methods(endpoint))}.")
    headers = (*given.headers, (b"allow", _allow(endpoint)))
    given = Answer(405, headers, given.body, given.outcome)
    return _shared(given) if endpoint in SHARED else given
