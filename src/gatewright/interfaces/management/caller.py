"""Who calls, and how their work is done: proof of the person, one transaction, one answer.

Every guarded route depends on `reader`, directly or through `changer` or `creator`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from fastapi import Depends, Header, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import BaseModel
from starlette.responses import Response

from gatewright.control import logins
from gatewright.control.desk import Desk
from gatewright.control.logins import SESSION_COOKIE, Proven
from gatewright.domain.errors import Denied, Invalid, Unauthenticated
from gatewright.domain.person import LoginKind
from gatewright.interfaces.management.deps import Deps
from gatewright.interfaces.management.repeats import Answer, Repeats, repeats

SEQUENCE_HEADER = "Gatewright-Sequence"
REPLAYED_HEADER = "Idempotency-Replayed"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_ETAG = re.compile(r'(?:W/)?"(\d{1,12})"')

T = TypeVar("T")
Work = Callable[[Desk], BaseModel | None]


@dataclass(frozen=True)
class Caller:
    """A proven person and their request."""

    deps: Deps
    proven: Proven

    def look(self, work: Callable[[Desk], T]) -> T:
        """Do some reading and hand its result on."""
        with self.deps.store.read() as tx:
            return work(self.deps.desk(tx, self.proven))

    def read(self, work: Work) -> Response:
        """Answer with what the work reads."""
        return respond(answer_of(self.look(work), 200))

    def commit(self, work: Callable[[Desk], T]) -> T:
        """Do some writing and hand its result on, once it is durable."""
        with self.deps.store.write() as tx:
            proven = logins.still_proven(tx, self.deps.world, self.proven)
            return work(self.deps.desk(tx, proven))

    def write(self, work: Work, status: int = 200) -> Response:
        """Answer with what the work wrote, once it is durable."""
        return self._commit(lambda desk: (answer_of(work(desk), status), False))

    def write_once(self, work: Work, again: Callable[[Desk], Repeats] | None) -> Response:
        """Answer 201 with what the work made; again the same answer for the same key."""
        if again is None:
            return self.write(work, 201)

        def once(desk: Desk) -> tuple[Answer, bool]:
            kept = again(desk)
            known = kept.find(desk)
            if known is not None:
                return known, True
            answer = answer_of(work(desk), 201)
            kept.keep(desk, answer)
            return answer, False

        return self._commit(once)

    def _commit(self, work: Callable[[Desk], tuple[Answer, bool]]) -> Response:
        def counted(desk: Desk) -> tuple[Answer, bool, int]:
            return *work(desk), desk.tx.sequence

        answer, replayed, sequence = self.commit(counted)
        headers = {SEQUENCE_HEADER: str(sequence)}
        if replayed:
            headers[REPLAYED_HEADER] = "true"
        return respond(answer, headers)


@dataclass(frozen=True)
class Changer(Caller):
    """A caller who may say which revision the change is based on."""

    expected: int | None


@dataclass(frozen=True)
class Creator(Caller):
    """A caller whose create may be a repetition."""

    again: Callable[[Desk], Repeats] | None

    def create(self, work: Work) -> Response:
        """Answer 201 with what the work made, or with what the same key made before."""
        return self.write_once(work, self.again)


def answer_of(model: BaseModel | None, status: int) -> Answer:
    """The answer that shows a model; its revision is the ETag. None is 204 without a body."""
    if model is None:
        return Answer(204, None, "")
    revision = getattr(model, "revision", None)
    etag = None if revision is None else f'"{revision}"'
    return Answer(status, etag, model.model_dump_json())


def respond(answer: Answer, headers: dict[str, str] | None = None) -> Response:
    """The HTTP response of an answer."""
    all_headers = dict(headers or {})
    if answer.etag:
        all_headers["ETag"] = answer.etag
    if answer.status == 204:
        return Response(status_code=204, headers=all_headers)
    return Response(answer.body, answer.status, all_headers, media_type="application/json")


_BEARER = HTTPBearer(
    scheme_name="accessToken", description="A personal access token, `gwp_…`.", auto_error=False
)
_COOKIE = APIKeyCookie(name=SESSION_COOKIE, scheme_name="session", auto_error=False)


def deps_of(request: Request) -> Deps:
    """What the application was made from."""
    deps: Deps = request.app.state.deps
    return deps


def reader(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None,
    cookie: Annotated[str | None, Security(_COOKIE)] = None,
) -> Caller:
    """The proven caller. Raises Unauthenticated, and Denied for a forged cross-site request."""
    return _proven(request, bearer.credentials if bearer else None, cookie)


def prove(request: Request) -> Caller:
    """What `reader` does, for the rim: it asks before it takes in a large body."""
    scheme, secret = get_authorization_scheme_param(request.headers.get("authorization"))
    bearer = secret if scheme.lower() == "bearer" else None
    return _proven(request, bearer, request.cookies.get(SESSION_COOKIE))


def _proven(request: Request, bearer: str | None, cookie: str | None) -> Caller:
    deps = deps_of(request)
    kind, secret = LoginKind.ACCESS_TOKEN, bearer
    if secret is None and "authorization" not in request.headers and cookie:
        kind, secret = LoginKind.SESSION, cookie
        refuse_cross_site(request)
    if not secret:
        raise Unauthenticated(
            "There is no access token.", "Authorization", "Send `Authorization: Bearer gwp_…`."
        )
    with deps.store.read() as tx:
        proven = logins.prove(tx, deps.world, deps.keyring, secret, (kind,))
    if logins.use_is_stale(deps.world, proven):
        with deps.store.write() as tx:
            proven = logins.still_proven(tx, deps.world, proven)
            logins.note_use(tx, deps.world, proven)
    return Caller(deps, proven)


def refuse_cross_site(request: Request) -> None:
    """Raise Denied for an unsafe request that another site may have made the browser send."""
    if request.method in _SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        own = site in ("same-origin", "none")
    else:
        own = bool(origin) and _host(origin or "") == request.headers.get("host")
    if not own:
        raise Denied("The request comes from another site.", "Origin", "Use the console itself.")


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def changer(
    caller: Annotated[Caller, Depends(reader)],
    if_match: Annotated[
        str | None, Header(description="The ETag that the change is based on.")
    ] = None,
) -> Changer:
    """A caller with the revision of If-Match. Raises Invalid for one of another form."""
    expected = None
    if if_match not in (None, "*"):
        match = _ETAG.fullmatch((if_match or "").strip())
        if not match:
            raise Invalid("is no ETag of this API.", "If-Match", 'Send one such as "3", or *.')
        expected = int(match[1])
    return Changer(caller.deps, caller.proven, expected)


async def _body(request: Request) -> bytes:
    return await request.body()


def creator(
    request: Request,
    caller: Annotated[Caller, Depends(reader)],
    body: Annotated[Any, Depends(_body)],
    idempotency_key: Annotated[
        str | None,
        Header(description="Repeat with the same key to get the same answer, for a day."),
    ] = None,
) -> Creator:
    """A caller with the answers kept under the Idempotency-Key."""
    if idempotency_key is None:
        return Creator(caller.deps, caller.proven, None)
    target = f"{request.scope['path']}?{request.scope['query_string']!r}"

    def again(desk: Desk) -> Repeats:
        return repeats(desk, idempotency_key, request.method, target, body)

    return Creator(caller.deps, caller.proven, again)


Reading = Annotated[Caller, Depends(reader)]
Changing = Annotated[Changer, Depends(changer)]
Creating = Annotated[Creator, Depends(creator)]
