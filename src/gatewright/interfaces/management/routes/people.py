"""Routes of signing in and out, of the caller themself, and of their access tokens."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from gatewright.control import logins
from gatewright.control.desk import Desk
from gatewright.domain.person import LoginKind
from gatewright.interfaces.management import models, views
from gatewright.interfaces.management.bodies import AccessTokenIn, SessionIn
from gatewright.interfaces.management.caller import (
    Creating,
    Reading,
    answer_of,
    deps_of,
    refuse_cross_site,
    respond,
)
from gatewright.interfaces.management.paging import LIMIT_DEFAULT, Cursor, Limit, cut

router = APIRouter(tags=["people"])


@router.post("/sessions", status_code=201, response_model=models.SessionOut)
def create_session(request: Request, body: SessionIn) -> Response:
    """Spend a single-use sign-in link for an access token (shown once) or a session cookie."""
    deps, by_cookie = deps_of(request), body.as_ == "cookie"
    if by_cookie:
        refuse_cross_site(request)
    kind = LoginKind.SESSION if by_cookie else LoginKind.ACCESS_TOKEN
    with deps.store.write() as tx:
        issued = logins.redeem(tx, deps.world, deps.keyring, body.code, kind, body.name)
    clear = issued.clear.reveal()
    session = models.SessionOut(
        user=views.user(issued.user),
        token=None if by_cookie else clear,
        expires_at=issued.login.expires_at,
    )
    response = respond(answer_of(session, 201))
    if by_cookie:
        for path in logins.SESSION_PATHS:
            response.set_cookie(
                logins.SESSION_COOKIE,
                clear,
                max_age=int(logins.SESSION_LIFETIME.total_seconds()),
                path=path,
                httponly=True,
                samesite="lax",
                secure=deps.addresses.management.startswith("https:"),
            )
    return response


@router.delete("/sessions/current", status_code=204)
def end_session(caller: Reading) -> Response:
    """Sign out: end the login, session or access token, that this request came with."""
    login = caller.proven.login
    response = caller.write(lambda desk: logins.end(desk, login.id))
    if login.kind is LoginKind.SESSION:
        for path in logins.SESSION_PATHS:
            response.delete_cookie(logins.SESSION_COOKIE, path=path, httponly=True, samesite="lax")
    return response


@router.get("/me", response_model=models.MeOut)
def read_me(caller: Reading) -> Response:
    """Who is asking, and what that role allows."""
    return caller.read(lambda desk: views.me(desk, caller.proven.login))


@router.get("/access-tokens", response_model=models.Page[models.AccessTokenOut])
def list_access_tokens(
    caller: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Response:
    """The caller's own personal access tokens."""

    def work(desk: Desk) -> models.Page[models.AccessTokenOut]:
        rows, following = cut(lambda a, n: logins.access_tokens(desk, a, n), cursor, limit)
        return models.Page(items=[views.access_token(row) for row in rows], next_cursor=following)

    return caller.read(work)


@router.post("/access-tokens", status_code=201, response_model=models.AccessTokenOut)
def create_access_token(caller: Creating, body: AccessTokenIn) -> Response:
    """A new personal access token, shown this once."""

    def work(desk: Desk) -> models.AccessTokenOut:
        issued = logins.create_access_token(desk, body.name, body.expires_in_days)
        return views.access_token(issued.login, issued)

    return caller.create(work)


@router.delete("/access-tokens/{id}", status_code=204)
def end_access_token(caller: Reading, id: str) -> Response:
    """End a personal access token at once."""
    return caller.write(lambda desk: logins.end(desk, id))
