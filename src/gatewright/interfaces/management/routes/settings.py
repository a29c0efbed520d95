"""Routes of the organization's settings and its environments."""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import environments, organizations
from gatewright.control.desk import Desk
from gatewright.interfaces.management import bodies, models, views
from gatewright.interfaces.management.caller import Changing, Reading
from gatewright.interfaces.management.models.organization import OrganizationOut

router = APIRouter(tags=["settings"])


@router.get("/organization", response_model=OrganizationOut)
def read_organization(caller: Reading) -> Response:
    """The caller's organization."""
    return caller.read(lambda desk: views.organization(desk.organization))


@router.patch("/organization", response_model=OrganizationOut)
def edit_organization(caller: Changing, body: bodies.OrganizationPatch) -> Response:
    """Change its name, the bounds of token lifetimes, or the keys that tokens are signed with.

    Another signing algorithm (ES256, RS256, PS256, EdDSA) is in force once the gateways have its
    key, some milliseconds later.
    """
    change = organizations.Change(**body.model_dump())

    def work(desk: Desk) -> OrganizationOut:
        found = organizations.edit(desk, caller.deps.ensure_keys, change, caller.expected)
        return views.organization(found)

    return caller.write(work)


@router.get("/environments", response_model=models.Page[models.EnvironmentOut])
def list_environments(caller: Reading) -> Response:
    """The environments, in the order of promotion."""
    return caller.read(
        lambda desk: models.Page(
            items=[views.environment(row) for row in environments.everything(desk)]
        )
    )
