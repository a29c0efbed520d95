"""Routes of dynamic client registration: whether it is on, initial access tokens, its clients."""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import initial_tokens
from gatewright.control.desk import Desk
from gatewright.interfaces.management import models
from gatewright.interfaces.management.bodies.registration import (
    InitialAccessTokenIn,
    RegistrationPatch,
)
from gatewright.interfaces.management.caller import Creating, Reading
from gatewright.interfaces.management.models.registration import (
    InitialAccessTokenOut,
    RegisteredClientOut,
    RegistrationOut,
)
from gatewright.interfaces.management.paging import LIMIT_DEFAULT, Cursor, Limit, cut
from gatewright.interfaces.management.views import registration as views

router = APIRouter(prefix="/registration", tags=["registration"])


@router.get("", response_model=RegistrationOut)
def read_registration(caller: Reading) -> Response:
    """Whether clients may register themselves, and where."""

    def work(desk: Desk) -> RegistrationOut:
        initial_tokens.is_enabled(desk)
        return views.registration(desk, desk.organization)

    return caller.read(work)


@router.patch("", response_model=RegistrationOut)
def edit_registration(caller: Reading, body: RegistrationPatch) -> Response:
    """Let clients register themselves, or no longer; those that did keep their tokens."""
    return caller.write(
        lambda desk: views.registration(desk, initial_tokens.enable(desk, enabled=body.enabled))
    )


@router.get("/tokens", response_model=models.Page[InitialAccessTokenOut])
def list_initial_access_tokens(
    caller: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Response:
    """The initial access tokens, by their hints; used up and expired ones among them."""

    def work(desk: Desk) -> models.Page[InitialAccessTokenOut]:
        rows, next_cursor = cut(
            lambda after, count: initial_tokens.page(desk, after, count), cursor, limit
        )
        items = [views.token(desk, row) for row in rows]
        return models.Page(items=items, next_cursor=next_cursor)

    return caller.read(work)


@router.post("/tokens", status_code=201, response_model=InitialAccessTokenOut)
def create_initial_access_token(caller: Creating, body: InitialAccessTokenIn) -> Response:
    """An initial access token, shown this once; what registers with it is the caller's."""

    def work(desk: Desk) -> InitialAccessTokenOut:
        new = initial_tokens.create(desk, body.name, body.kind, body.uses, body.expires_in_days)
        return views.token(desk, new.token, new)

    return caller.create(work)


@router.delete("/tokens/{id}", status_code=204)
def revoke_initial_access_token(caller: Reading, id: str) -> Response:
    """Revoke an initial access token; clients that registered with it stay."""
    return caller.write(lambda desk: initial_tokens.revoke(desk, id))


@router.get("/clients", response_model=models.Page[RegisteredClientOut])
def list_registered_clients(
    caller: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Response:
    """The clients that registered themselves; delete their application to end one."""

    def work(desk: Desk) -> models.Page[RegisteredClientOut]:
        rows, next_cursor = cut(
            lambda after, count: initial_tokens.clients(desk, after, count), cursor, limit
        )
        names = initial_tokens.client_ids(desk, rows)
        items = [views.client(row, names.get(row.credential_id, "")) for row in rows]
        return models.Page(items=items, next_cursor=next_cursor)

    return caller.read(work)
