"""Routes of an API's scopes."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gatewright.control import apis, scopes
from gatewright.control.desk import Desk
from gatewright.interfaces.management import models, views
from gatewright.interfaces.management.bodies import AttachmentIn, ScopeIn
from gatewright.interfaces.management.caller import Changing, Creating, Reading

router = APIRouter(prefix="/apis/{api}", tags=["scopes"])


@router.get("/scopes", response_model=models.Page[models.ScopeOut])
def list_scopes(caller: Reading, api: str) -> Response:
    """The API's scopes with both names and the operations that ask for them."""

    def work(desk: Desk) -> models.Page[models.ScopeOut]:
        found = scopes.everything(desk, apis.named(desk, api))
        return models.Page(items=[views.scope(sheet) for sheet in found])

    return caller.read(work)


@router.post("/scopes", status_code=201, response_model=models.ApiOut)
def define_scope(caller: Creating, api: str, body: ScopeIn) -> Response:
    """Define a scope."""
    return caller.create(
        lambda desk: views.api(desk, scopes.define(desk, api, body.name, body.description))
    )


@router.post("/scope-attachments", response_model=models.ApiOut)
def attach_scope(caller: Changing, api: str, body: AttachmentIn) -> Response:
    """Let a scope open an operation, or all; any one of the attached scopes suffices."""

    def work(desk: Desk) -> models.ApiOut:
        changed = scopes.attach_to(desk, api, body.scope, body.operation, caller.expected)
        return views.api(desk, changed)

    return caller.write(work)


@router.delete("/scope-attachments", response_model=models.ApiOut)
def detach_scope(
    caller: Changing,
    api: str,
    scope: Annotated[str, Query(max_length=300)],
    operation: Annotated[str, Query(max_length=1100)],
) -> Response:
    """Detach a scope from an operation, or all."""

    def work(desk: Desk) -> models.ApiOut:
        changed = scopes.detach_from(desk, api, scope, operation, caller.expected)
        return views.api(desk, changed)

    return caller.write(work)
