"""Routes of plans and environments."""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import environments, plans
from gatewright.interfaces.management import models, views
from gatewright.interfaces.management.caller import Reading

router = APIRouter(tags=["settings"])


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
