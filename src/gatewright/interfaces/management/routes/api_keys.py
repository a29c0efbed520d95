"""Routes of an application's API keys, and of what signs them."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import api_keys, key_signers
from gatewright.control.desk import Desk
from gatewright.interfaces.management import in_force, models
from gatewright.interfaces.management.bodies.api_keys import ApiKeyIn, RegenerateIn, SignerIn
from gatewright.interfaces.management.caller import Creating, Reading
from gatewright.interfaces.management.models.api_keys import (
    ApiKeyOut,
    RegeneratedOut,
    ReplacedSignerOut,
    RevokedKeyOut,
)
from gatewright.interfaces.management.views import api_keys as views

router = APIRouter(tags=["api-keys"])


@router.get("/applications/{app}/api-keys", response_model=models.Page[ApiKeyOut])
def list_api_keys(caller: Reading, app: str) -> Response:
    """The application's API keys by their hints, those that ended among them."""
    return caller.read(
        lambda desk: models.Page(
            items=[views.api_key(desk, row) for row in api_keys.everything(desk, app)]
        )
    )


@router.post("/applications/{app}/api-keys", status_code=201, response_model=ApiKeyOut)
def create_api_key(caller: Creating, app: str, body: ApiKeyIn) -> Response:
    """Make an API key for one kind of environment; it is shown this once."""

    def work(desk: Desk) -> ApiKeyOut:
        new = api_keys.create(
            desk,
            app,
            body.kind,
            body.name,
            scopes=body.scopes,
            expires_in_days=body.expires_in_days,
        )
        return views.api_key(desk, new.key, new)

    return caller.create(work)


@router.post(
    "/applications/{app}/api-keys/{key}/regenerate",
    status_code=201,
    response_model=RegeneratedOut,
)
def regenerate_api_key(caller: Creating, app: str, key: str, body: RegenerateIn) -> Response:
    """Make a new key in the place of one, shown this once; the old one ends after the overlap."""

    def work(desk: Desk) -> RegeneratedOut:
        done = api_keys.regenerate(
            desk,
            app,
            key,
            overlap_seconds=body.overlap_seconds,
            expires_in_days=body.expires_in_days,
        )
        return views.regenerated(desk, done)

    return caller.create(work)


@router.post(
    "/applications/{app}/api-keys/{key}/revoke",
    response_model=RevokedKeyOut,
    responses=in_force.LATE,
)
def revoke_api_key(caller: Reading, app: str, key: str) -> Response:
    """End an API key for good; done when the gateways refuse it."""

    def work(desk: Desk) -> Callable[[bool], RevokedKeyOut]:
        row = api_keys.revoke(desk, app, key)
        return lambda live: views.revoked(desk, row, live=live)

    return in_force.write(caller, work)


@router.post("/api-keys/rotate-signer", response_model=ReplacedSignerOut, responses=in_force.LATE)
def rotate_signer(caller: Reading, body: SignerIn) -> Response:
    """End every API key and test key of a kind at once, for a signer that may have leaked; done
    when the gateways refuse them."""

    def work(desk: Desk) -> Callable[[bool], ReplacedSignerOut]:
        done = key_signers.replace_signer(desk, body.kind)
        return lambda live: views.replaced(done, live=live)

    return in_force.write(caller, work)
