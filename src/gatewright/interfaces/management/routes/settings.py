"""Routes of the organization's settings, its plans and its environments."""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import environments, organizations, plans
from gatewright.interfaces.management import bodies, models, views
from gatewright.interfaces.management.caller import Changing, Reading

router = APIRouter(tags=["settings"])


@router.get("/organization", response_model=models.OrganizationOut)
def read_organization(caller: Reading) -> Response:
    """The caller's organization."""
    return caller.read(lambda desk: views.organization(desk.organization))


@router.patch("/organization", response_model=models.OrganizationOut)
def edit_organization(caller: Changing, body: bodies.OrganizationPatch) -> Response:
    """Change its name, or what new tokens are signed with: ES256, RS256 or EdDSA."""
    return caller.write(
        lambda desk: views.organization(
            organizations.edit(
                desk,
                caller.deps.ensure_keys,
                name=body.name,
                signing_algorithm=body.signing_algorithm,
                expected=caller.expected,
            )
        )
    )


@router.get("/plans", response_model=models.Page[models.PlanOut])
def list_plans(caller: Reading) -> Response:
    """The subscription plans."""
    return caller.read(
        lambda desk: models.Page(items=[views.plan(row) for row in plans.everything(desk)])
    )


@router.get("/environments", response_model=models.Page[models.EnvironmentOut])
def list_environments(caller: Reading) -> Response:
    """The environments, in the order of promotion."""
    return caller.read(
        lambda desk: models.Page(
            items=[views.environment(row) for row in environments.everything(desk)]
        )
    )
