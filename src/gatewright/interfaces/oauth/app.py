"""The STS as a WSGI application: from a request's address to an endpoint's answer.

It decides nothing about clients or tokens, knows no socket, and keeps nothing between requests.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from gatewright.control.registrations import Registrar
from gatewright.domain.errors import Unavailable
from gatewright.interfaces.oauth.chores import Chores, too_slow
from gatewright.interfaces.oauth.hop import Hop
from gatewright.interfaces.oauth.readers import Readers
from gatewright.interfaces.oauth.reading import CONNECTION, Environ, read
from gatewright.interfaces.oauth.registration import RegistrationEndpoints
from gatewright.interfaces.oauth.routes import (
    POSTED,
    REGISTRATION,
    SHARED,
    Route,
    methods,
    route,
)
from gatewright.interfaces.oauth.turn import Turn
from gatewright.observability.counters import Histogram
from gatewright.observability.log import Log
from gatewright.observability.metrics import Account
from gatewright.sts import answer
from gatewright.sts.answer import Answer
from gatewright.sts.errors import Refused, TemporarilyUnavailable
from gatewright.sts.issuer import Issuer
from gatewright.sts.proof import KeysNeeded
from gatewright.sts.request import Request
from gatewright.sts.revoke import Revocation
from gatewright.sts.service import Pending, TokenService

READERS_PER_ADDRESS_MAX = 48
"""Three quarters of a worker's threads: a body that comes slowly holds one of them."""

FETCHES_MAX = 3
"""Key sets that one request may have read: the client's, and those of what else it brings."""

OUTSIDE_MAX = 32
"""Threads that may wait for the database at once; half of them stay free for tokens."""

REVOCATIONS_MAX = 16
"""Of these: a revocation may wait long for a gateway, and tokens that are bound must not."""

REGISTERING_MAX = 8
"""Threads in registrations, which read the database before anybody has proved anything."""

ROUTES_KEPT_MAX, ROUTE_KEPT_CHARS_MAX = 1024, 256
SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5)
"""The bounds of the histograms."""

StartResponse = Callable[[str, list[tuple[str, str]]], object]

_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_ANY_ORIGIN = (
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "DPoP-Nonce, WWW-Authenticate"),
)
_PREFLIGHT = (
    *_ANY_ORIGIN,
    ("access-control-allow-headers", "authorization, content-type, dpop"),
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

    def __init__(
        self,
        service: TokenService,
        log: Log,
        registrar: Registrar | None = None,
        account: Account | None = None,
        hop: Hop | None = None,
    ) -> None:
        self.log = log
        self._service = service
        self._seconds = Histogram("sts_request_seconds", SECONDS)
        waits = Histogram("sts_wait_seconds", SECONDS)
        self._turn = Turn(waits)
        self._outside = threading.BoundedSemaphore(OUTSIDE_MAX)
        self._revoking = threading.BoundedSemaphore(REVOCATIONS_MAX)
        self._registering = threading.BoundedSemaphore(REGISTERING_MAX)
        self._readers = Readers(READERS_PER_ADDRESS_MAX)
        self._hop = hop or Hop(None)
        self._routes: dict[str, Route] = {}
        self.chores = Chores(
            service, self._turn, self._readers, log, (self._seconds, waits), account
        )
        self._registration = RegistrationEndpoints(service, registrar, self._turn, log)

    def __call__(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        """Answer one request as WSGI wants it. Never raises."""
        given = self.respond(environ)
        start_response(_STATUS_LINES[given.status], list(given.headers))
        return [given.body]

    def respond(self, environ: Environ) -> Answer:
        """Answer one request. Never raises."""
        try:
            self._hop.hear(environ)
            return self._answer(environ)
        except Refused as refused:  # nobody's turn came, or too many wait
            return answer.refusal(refused)
        except Exception as error:  # noqa: BLE001 - a client is owed an answer, whatever broke
            return self._failed(error)

    def _answer(self, environ: Environ) -> Answer:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        found = self._routes.get(path) or self._route(path)
        if found is None:
            return _elsewhere(path)
        endpoint = found.endpoint
        if method not in methods(endpoint):
            return _options(endpoint) if method == "OPTIONS" else _not_allowed(endpoint)
        if endpoint in REGISTRATION:
            return self._register(found, method, environ)
        try:
            request = self._read(environ) if endpoint in POSTED else read(environ, with_body=False)
        except Refused as refused:
            given = self._refused(endpoint, environ, refused)
        else:
            began = time.perf_counter()
            decided = self._in_turn(found, request)
            given = decided if isinstance(decided, Answer) else self._finish(decided, endpoint)
            self._seconds.observe(time.perf_counter() - began)
        return _shared(given) if endpoint in SHARED else given

    def _route(self, path: str) -> Route | None:
        found = route(path)
        if found and len(path) <= ROUTE_KEPT_CHARS_MAX and len(self._routes) < ROUTES_KEPT_MAX:
            self._routes[path] = found
        return found

    def _finish(self, decided: Pending | _Unwritten, endpoint: str) -> Answer:
        """Do what waits for the database. Raises TemporarilyUnavailable when too many wait."""
        revokes = endpoint == "revoke"
        with contextlib.ExitStack() as held:
            for room in (self._revoking, self._outside) if revokes else (self._outside,):
                if not room.acquire(blocking=False):
                    raise TemporarilyUnavailable(
                        "too many requests wait for the database.", retry_after_seconds=1
                    )
                held.callback(room.release)
            if isinstance(decided, Pending):
                return self._service.accept(decided)
            return self._service.write(decided.issuer, decided.revocation)

    def _refused(self, endpoint: str, environ: Environ, refused: Refused) -> Answer:
        request = Request(b"", address=environ.get("REMOTE_ADDR", ""))
        with self._turn:
            return self._service.refusal(endpoint, request, refused)

    def _register(self, found: Route, method: str, environ: Environ) -> Answer:
        try:
            request = self._read(environ)
        except Refused as refused:
            return self._refused(found.endpoint, environ, refused)
        if not self._registering.acquire(blocking=False):
            raise TemporarilyUnavailable("too many clients register.", retry_after_seconds=1)
        try:
            return self._registration.answer(found, method, request) or _elsewhere("")
        finally:
            self._registering.release()

    def _read(self, environ: Environ) -> Request:
        address = environ.get("REMOTE_ADDR", "")
        reading = self._readers.enter(address, environ.get(CONNECTION))
        if reading is None:
            raise TemporarilyUnavailable(
                "too many requests of this address are still coming in.", retry_after_seconds=1
            )
        try:
            return read(environ, with_body=True)
        except Refused:
            if reading.was_ended:
                raise too_slow() from None
            raise
        finally:
            self._readers.leave(reading)

    def _in_turn(self, found: Route, request: Request) -> Answer | Pending | _Unwritten:
        """Decide; keys that are needed for it are fetched while others have their turn."""
        for _ in range(FETCHES_MAX + 1):
            try:
                with self._turn:
                    return self._decide(found, request)
            except KeysNeeded as needed:
                refused = self._service.fetch_keys(needed)
                if refused is not None:
                    return refused
        return answer.refusal(
            TemporarilyUnavailable("too many keys had to be read.", retry_after_seconds=1)
        )

    def _decide(self, found: Route, request: Request) -> Answer | Pending | _Unwritten:
        try:
            if found.endpoint == "resource":
                given = self._service.protected_resource(*found.resource)
                return given or problem(404, "not-found", "There is no such API.")
            issuer = self._service.issuer(
                found.organization, found.kind, may_lag=found.endpoint == "token"
            )
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
                return self._service.metadata(issuer)
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


def create_app(
    service: TokenService,
    log: Log,
    registrar: Registrar | None = None,
    account: Account | None = None,
    hop: Hop | None = None,
) -> App:
    """The endpoints over one token service; without a registrar nobody registers.

    `account` is where the numbers are written now and then; `hop` ends TLS before it.
    """
    return App(service, log, registrar, account, hop)


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
