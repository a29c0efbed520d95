"""Routes of key managers' clients, linked to the application that they act for."""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import external_clients, key_managers
from gatewright.interfaces.management.bodies.key_managers import ExternalClientIn
from gatewright.interfaces.management.caller import Creating, Reading
from gatewright.interfaces.management.models import Page
from gatewright.interfaces.management.models.key_managers import ExternalClientOut, LinkableOut
from gatewright.interfaces.management.views import key_managers as views

router = APIRouter(tags=["linked clients"])


@router.get("/linkable-key-managers", response_model=Page[LinkableOut])
def list_linkable_key_managers(caller: Reading) -> Response:
    """The key managers whose tokens open APIs, and where their tokens come from."""
    return caller.read(
        lambda desk: Page(items=[views.linkable(desk, row) for row in key_managers.linkable(desk)])
    )


@router.get("/applications/{app}/external-clients", response_model=Page[ExternalClientOut])
def list_external_clients(caller: Reading, app: str) -> Response:
    """The clients of key managers that act for the application."""
    return caller.read(
        lambda desk: Page(items=views.external_clients(external_clients.everything(desk, app)))
    )


@router.post(
    "/applications/{app}/external-clients", status_code=201, response_model=ExternalClientOut
)
def link_external_client(caller: Creating, app: str, body: ExternalClientIn) -> Response:
    """Link a client: its tokens call what the application is subscribed to."""
    return caller.create(
        lambda desk: views.external_client(
            external_clients.link(desk, app, body.key_manager, body.client_id)
        )
    )


@router.delete("/applications/{app}/external-clients/{client}", status_code=204)
def unlink_external_client(caller: Reading, app: str, client: str) -> Response:
    """Unlink by the link's id or the client id; tokens that are out open nothing any more."""
    return caller.write(lambda desk: external_clients.unlink(desk, app, client))
