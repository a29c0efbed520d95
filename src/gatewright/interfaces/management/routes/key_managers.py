"""Routes of key managers: outside issuers whose tokens the installation takes."""

import json

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import discovery, key_managers, key_sets
from gatewright.control.key_manager_settings import Wish
from gatewright.interfaces.management.bodies.key_managers import KeyManagerIn, KeyManagerPatch
from gatewright.interfaces.management.caller import Changing, Creating, Reading
from gatewright.interfaces.management.models import Page
from gatewright.interfaces.management.models.key_managers import KeyManagerOut
from gatewright.interfaces.management.views.key_managers import key_manager

router = APIRouter(prefix="/key-managers", tags=["key managers"])


@router.get("", response_model=Page[KeyManagerOut])
def list_key_managers(caller: Reading) -> Response:
    """The trusted issuers, all of them."""
    return caller.read(
        lambda desk: Page(items=[key_manager(desk, row) for row in key_managers.everything(desk)])
    )


@router.post("", status_code=201, response_model=KeyManagerOut)
def create_key_manager(caller: Creating, body: KeyManagerIn) -> Response:
    """Trust an issuer; what it tells of itself fills what is not given.

    For calls of APIs its keys are read before this answers, so that the first call works.
    """
    deps = caller.deps
    caller.look(key_managers.demand)
    found = discovery.described(body.issuer, body.well_known, _wish(body), deps.read_keys)
    bare = caller.look(lambda desk: key_managers.bare(desk, found.issuer, found.wish, body.handle))
    reading = key_managers.readings(None, bare, deps.read_keys, deps.world)
    return caller.create(
        lambda desk: key_manager(
            desk, key_managers.create(desk, found.issuer, found.wish, body.handle, reading)
        )
    )


@router.get("/{manager}", response_model=KeyManagerOut)
def read_key_manager(caller: Reading, manager: str) -> Response:
    """A key manager by id or handle."""
    return caller.read(lambda desk: key_manager(desk, key_managers.named(desk, manager)))


@router.patch("/{manager}", response_model=KeyManagerOut)
def edit_key_manager(caller: Changing, manager: str, body: KeyManagerPatch) -> Response:
    """Change its keys, what its tokens are good for, or switch it off and on."""
    wish, deps = _wish(body), caller.deps
    before, after = caller.look(lambda desk: key_managers.changed(desk, manager, wish))
    reading = key_managers.readings(before, after, deps.read_keys, deps.world)
    return caller.write(
        lambda desk: key_manager(
            desk, key_managers.edit(desk, manager, wish, caller.expected, reading)
        )
    )


@router.post("/{manager}/refresh", response_model=KeyManagerOut)
def refresh_key_manager(caller: Reading, manager: str) -> Response:
    """Read its keys now, as after a rotation; `key_set.failure` says when that failed."""
    deps = caller.deps
    row = caller.look(lambda desk: key_managers.refreshable(desk, manager))
    reading = key_sets.read(row.jwks_uri or "", deps.read_keys, deps.world)
    return caller.write(
        lambda desk: key_manager(desk, key_managers.refresh(desk, manager, reading))
    )


@router.delete("/{manager}", status_code=204)
def delete_key_manager(caller: Changing, manager: str, *, unlink: bool = False) -> Response:
    """Trust it no longer; tokens that were got by it live on until they expire.

    With linked clients it is refused, unless they are to be unlinked.
    """
    return caller.write(
        lambda desk: key_managers.delete(desk, manager, caller.expected, unlink=unlink)
    )


def _wish(body: KeyManagerPatch) -> Wish:
    jwks = json.dumps(body.jwks) if isinstance(body.jwks, dict) else body.jwks
    return Wish(
        name=body.name,
        kind=body.kind,
        jwks_uri=body.jwks_uri,
        jwks=jwks,
        audiences=body.audiences,
        client_claim=body.client_claim,
        scope_claim=body.scope_claim,
        role_claim=body.role_claim,
        role_scopes=body.role_scopes,
        environments=body.environments,
        endpoints=body.endpoints,
        token_exchange=body.token_exchange,
        jwt_bearer=body.jwt_bearer,
        api_access=body.api_access,
        enabled=body.enabled,
    )
