"""Routes by which pending subscriptions are approved or rejected."""

from fastapi import APIRouter
from starlette.responses import Response

from gatewright.control import approvals
from gatewright.interfaces.management.bodies.plans import RejectionIn
from gatewright.interfaces.management.caller import Changing
from gatewright.interfaces.management.models.plans import SubscriptionOut
from gatewright.interfaces.management.routes.subscriptions import one

router = APIRouter(prefix="/subscriptions/{id}", tags=["subscriptions"])


@router.post("/approval", response_model=SubscriptionOut)
def approve_subscription(caller: Changing, id: str) -> Response:
    """Let a pending subscription in; in force at once."""
    return caller.write(lambda desk: one(desk, approvals.approve(desk, id, caller.expected)))


@router.post("/rejection", response_model=SubscriptionOut)
def reject_subscription(caller: Changing, id: str, body: RejectionIn) -> Response:
    """Refuse a pending subscription; its owner sees the reason, and may ask again."""
    return caller.write(
        lambda desk: one(desk, approvals.reject(desk, id, body.reason, caller.expected))
    )
