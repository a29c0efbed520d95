"""Routes of key managers: outside issuers whose tokens the organization's token service takes."""

import json

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import key_managers
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
        lambda desk: Page(items=[key_manager(row) for row in key_managers.everything(desk)])
    )


@router.post("", status_code=201, response_model=KeyManagerOut)
def create_key_manager(caller: Creating, body: KeyManagerIn) -> Response:
    """Trust an issuer; its keys' address is read from its discovery document unless given."""
    caller.look(key_managers.demand)
    fetch = caller.deps.fetcher.read
    wish = key_managers.discovered(body.issuer, _wish(body), fetch)
    return caller.create(
        lambda desk: key_manager(key_managers.create(desk, body.issuer, wish, body.handle))
    )


@router.get("/{manager}", response_model=KeyManagerOut)
def read_key_manager(caller: Reading, manager: str) -> Response:
    """A key manager by id or handle."""
    return caller.read(lambda desk: key_manager(key_managers.named(desk, manager)))


@router.patch("/{manager}", response_model=KeyManagerOut)
def edit_key_manager(caller: Changing, manager: str, body: KeyManagerPatch) -> Response:
    """Change its keys, what its tokens are good for, or switch it off and on."""
    wish = _wish(body)
    return caller.write(
        lambda desk: key_manager(key_managers.edit(desk, manager, wish, caller.expected))
    )


@router.delete("/{manager}", status_code=204)
def delete_key_manager(caller: Changing, manager: str) -> Response:
    """Trust it no longer; tokens that were got by it live on until they expire."""
    return caller.write(lambda desk: key_managers.delete(desk, manager, caller.expected))


def _wish(body: KeyManagerPatch) -> key_managers.Wish:
    jwks = json.dumps(body.jwks) if isinstance(body.jwks, dict) else body.jwks
    return key_managers.Wish(
        name=body.name,
        jwks_uri=body.jwks_uri,
        jwks=jwks,
        audiences=body.audiences,
        client_claim=body.client_claim,
        scope_claim=body.scope_claim,
        token_exchange=body.token_exchange,
        jwt_bearer=body.jwt_bearer,
        enabled=body.enabled,
    )
