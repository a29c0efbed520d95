"""Dynamic client registration over HTTP (RFC 7591 §3, RFC 7592 §2); control does the work.

It knows no store: who may, and what becomes of it, the registrar decides, outside of the turn.
"""

import re
from collections.abc import Callable
from typing import Any

from gatewright.control.client_metadata import BODY_BYTES_MAX, INVALID_METADATA, NotRegistrable
from gatewright.control.registrations import Place, Registrar
from gatewright.domain.errors import Denied, GatewrightError, NotFound, Unauthenticated, Unavailable
from gatewright.interfaces.oauth.routes import Route
from gatewright.interfaces.oauth.turn import Turn
from gatewright.observability.events import ClientRegistered, RegistrationRefused
from gatewright.observability.log import Log
from gatewright.sts import answer
from gatewright.sts.answer import Answer
from gatewright.sts.errors import InvalidRequest, Refused, RequestTooLarge, TemporarilyUnavailable
from gatewright.sts.issuer import Issuer
from gatewright.sts.limits import Rate, Rates
from gatewright.sts.request import Request
from gatewright.sts.service import TokenService

_BEARER = re.compile(rb"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_JSON = re.compile(rb"application/json[ \t]*(?:;[ \t]*charset=\"?utf-8\"?[ \t]*)?", re.IGNORECASE)
_LIMITED_AS = "registration"
"""Failures count for the address beside those of its clients; no client id is this word."""

REPORTED = Rate(20, 20)
"""Refusals written to the log in one second; a flood of them is told once by its beginning."""

_NEVER_STORED = (("cache-control", "no-store"), ("pragma", "no-cache"))
Work = Callable[[Registrar, Place, str], Answer]


class RegistrationEndpoints:
    """The endpoints of one worker; `registrar` None is an installation without them."""

    def __init__(
        self, service: TokenService, registrar: Registrar | None, turn: Turn, log: Log
    ) -> None:
        self._service, self._registrar, self._turn, self._log = service, registrar, turn, log
        self._reported: Rates[str] = Rates(REPORTED)

    def answer(self, found: Route, method: str, request: Request) -> Answer | None:
        """The answer, or None where nobody may register, as if nothing were there."""
        registrar = self._registrar
        try:
            issuer = self._admitted(found, request)
            if issuer is None or registrar is None:
                return None
            place = Place(issuer.organization.id, issuer.kind)
            given = self._asked(registrar, place, found, method, request)
        except NotFound:
            return None
        except GatewrightError as error:
            given = _refusal(error)
            self._report_refusal(found, request, given)
        self._service.traffic.answered(found.endpoint, given.outcome)
        return given

    def _admitted(self, found: Route, request: Request) -> Issuer | None:
        """The issuer, if it takes registrations. Raises TooManyFailures, Unavailable."""
        with self._turn:
            issuer = self._service.issuer(found.organization, found.kind)
            state = self._service.state
            if issuer is None or not issuer.organization.registration_enabled:
                return None
            state.limits.check((_LIMITED_AS, request.address), state.world.now())
        return issuer

    def _asked(
        self, registrar: Registrar, place: Place, found: Route, method: str, request: Request
    ) -> Answer:
        bearer, client_id = self._bearer(request), found.client_id
        try:
            match method:
                case "POST":
                    told = registrar.register(place, bearer, _body(request))
                    self._log.emit(
                        ClientRegistered(place.organization_id, told["client_id"], request.address)
                    )
                    return _created(told)
                case "PUT":
                    body = _body(request)
                    return answer.private(registrar.replace(place, client_id, bearer, body))
                case "DELETE":
                    registrar.remove(place, client_id, bearer)
                    return Answer(204, _NEVER_STORED, b"")
            return answer.private(registrar.show(place, client_id, bearer))
        except Unauthenticated:
            self._count_failure(request)
            raise

    def _bearer(self, request: Request) -> str:
        """The one bearer token (RFC 6750 §2.1). Raises Unauthenticated without one."""
        shown = request.authorization
        found = _BEARER.fullmatch(shown[0].strip()) if len(shown) == 1 else None
        if found is None:
            raise Unauthenticated("A bearer token is needed.", "authorization")
        return found[1].decode()

    def _count_failure(self, request: Request) -> None:
        with self._turn:
            state = self._service.state
            state.limits.failed((_LIMITED_AS, request.address), state.world.now())

    def _report_refusal(self, found: Route, request: Request, given: Answer) -> None:
        with self._turn:
            now = self._service.state.world.now()
            if self._reported.wait_seconds("", now):
                return
            self._reported.spend("", now)
        organization = re.sub(r"[^a-z0-9-]", "?", found.organization[:64])
        self._log.emit(
            RegistrationRefused(found.endpoint, organization, given.outcome, request.address)
        )


def _body(request: Request) -> bytes:
    if len(request.body) > BODY_BYTES_MAX:
        raise RequestTooLarge(f"the body is over {BODY_BYTES_MAX} bytes.")
    if not _JSON.fullmatch(request.content_type.strip()):
        raise NotRegistrable("the content type must be application/json.", "content-type")
    return request.body


def _created(told: dict[str, Any]) -> Answer:
    return answer.private(told)._replace(status=201)


def _refusal(error: GatewrightError) -> Answer:
    """RFC 7591 §3.2.2 and RFC 6750 §3.1; what control refuses otherwise is the metadata's fault."""
    if isinstance(error, Unauthenticated):
        return _challenge(with_token=error.field is None)
    if isinstance(error, Unavailable):
        return answer.refusal(TemporarilyUnavailable(error.reason, retry_after_seconds=1))
    if isinstance(error, Denied):
        refused = InvalidRequest(error.reason)
        refused.error = "access_denied"
        return answer.refusal(refused)._replace(status=403)
    if isinstance(error, Refused):
        return answer.refusal(error)
    reason = f"{error.field}: {error.reason}" if error.field else error.reason
    refused = InvalidRequest(reason, error.field, error.way_out)
    refused.error = error.error if isinstance(error, NotRegistrable) else INVALID_METADATA
    return answer.refusal(refused)


def _challenge(*, with_token: bool) -> Answer:
    """The same bytes for every token that does not fit, whatever is wrong with it; without one
    the challenge has no error (RFC 6750 §3.1)."""
    refused = InvalidRequest("the token is not valid." if with_token else "a token is needed.")
    refused.error = "invalid_token"
    given = answer.refusal(refused)
    error = ', error="invalid_token"' if with_token else ""
    challenge = ("www-authenticate", f'Bearer realm="{answer.REALM}"{error}')
    return given._replace(status=401, headers=(*given.headers, challenge))
