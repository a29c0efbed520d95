"""Routes of applications."""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import applications
from gatewright.control.desk import Desk
from gatewright.interfaces.management import models, views
from gatewright.interfaces.management.bodies import ApplicationIn, ApplicationPatch
from gatewright.interfaces.management.caller import Changing, Creating, Reading
from gatewright.interfaces.management.paging import LIMIT_DEFAULT, Cursor, Limit, cut

router = APIRouter(prefix="/applications", tags=["applications"])


@router.get("", response_model=models.Page[models.ApplicationOut])
def list_applications(
    caller: Reading, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Response:
    """The organization's applications."""

    def work(desk: Desk) -> models.Page[models.ApplicationOut]:
        rows, following = cut(lambda a, n: applications.page(desk, a, n), cursor, limit)
        return models.Page(items=[views.application(row) for row in rows], next_cursor=following)

    return caller.read(work)


@router.post("", status_code=201, response_model=models.ApplicationOut)
def create_application(caller: Creating, body: ApplicationIn) -> Response:
    """A new application."""

    def work(desk: Desk) -> models.ApplicationOut:
        made = applications.create(
            desk,
            body.name,
            handle=body.handle,
            description=body.description,
            allowed_scopes=body.allowed_scopes,
        )
        return views.application(made)

    return caller.create(work)


@router.get("/{app}", response_model=models.ApplicationOut)
def read_application(caller: Reading, app: str) -> Response:
    """An application by id, handle or name."""
    return caller.read(lambda desk: views.application(applications.named(desk, app)))


@router.patch("/{app}", response_model=models.ApplicationOut)
def edit_application(caller: Changing, app: str, body: ApplicationPatch) -> Response:
    """Change name, description, allowed scopes or block it."""
    every = "allowed_scopes" in body.model_fields_set and body.allowed_scopes is None
    change = applications.Change(
        name=body.name,
        description=body.description,
        allowed_scopes=body.allowed_scopes,
        allow_every_scope=every,
        blocked=body.blocked,
    )
    return caller.write(
        lambda desk: views.application(applications.edit(desk, app, change, caller.expected))
    )


@router.delete("/{app}", status_code=204)
def delete_application(caller: Changing, app: str) -> Response:
    """Delete an application with its keys and subscriptions; its tokens end at once."""
    return caller.write(lambda desk: applications.delete(desk, app, caller.expected))
