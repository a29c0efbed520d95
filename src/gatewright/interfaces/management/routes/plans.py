"""Routes of the subscription plans."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import plans
from gatewright.interfaces.management.bodies.plans import PlanIn, PlanPatch
from gatewright.interfaces.management.caller import Changing, Creating, Reading
from gatewright.interfaces.management.models import Page
from gatewright.interfaces.management.models.plans import PlanOut, PlanUsageOut
from gatewright.interfaces.management.views.plans import plan as shown
from gatewright.interfaces.management.views.plans import plan_usage

router = APIRouter(prefix="/plans", tags=["plans"])
_NULLS = frozenset({"request_count", "burst_count"})
"""Fields that null means something for."""


@router.get("", response_model=Page[PlanOut])
def list_plans(caller: Reading) -> Response:
    """The subscription plans."""
    return caller.read(lambda desk: Page(items=[shown(row) for row in plans.everything(desk)]))


@router.post("", status_code=201, response_model=PlanOut)
def create_plan(caller: Creating, body: PlanIn) -> Response:
    """A new plan; without a request count it is unlimited."""
    return caller.create(lambda desk: shown(plans.create(desk, body.name, _given(body))))


@router.get("/{plan}", response_model=PlanUsageOut)
def read_plan(caller: Reading, plan: str) -> Response:
    """A plan by id or name, and how many subscriptions are on it."""
    return caller.read(lambda desk: plan_usage(plans.usage(desk, plans.named(desk, plan))))


@router.patch("/{plan}", response_model=PlanOut)
def edit_plan(caller: Changing, plan: str, body: PlanPatch) -> Response:
    """Change a plan: in force at once for every subscription on it."""
    return caller.write(
        lambda desk: shown(plans.edit(desk, plan, _given(body), body.name, caller.expected))
    )


@router.delete("/{plan}", status_code=204)
def delete_plan(caller: Changing, plan: str) -> Response:
    """Delete a plan; refused while subscriptions are on it."""
    return caller.write(lambda desk: plans.delete(desk, plan, caller.expected))


def _given(body: PlanPatch) -> dict[str, Any]:
    """What the body says, without the name; null only where it means something."""
    said = {name: getattr(body, name) for name in body.model_fields_set - {"name"}}
    return {name: value for name, value in said.items() if value is not None or name in _NULLS}
