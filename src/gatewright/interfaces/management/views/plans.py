"""From plans and subscriptions to what is answered."""

from gatewright.control.plans import Usage
from gatewright.control.subscriptions import SubscriptionSheet
from gatewright.domain.plan import Plan
from gatewright.interfaces.management.models.plans import PlanOut, PlanUsageOut, SubscriptionOut


def plan(row: Plan) -> PlanOut:
    """A plan."""
    return PlanOut(
        id=row.id,
        name=row.name,
        description=row.description,
        request_count=row.request_count,
        unit=row.unit,
        burst_count=row.burst_count,
        burst_seconds=row.burst_seconds,
        stop_on_quota=row.stop_on_quota,
        created_at=row.created_at,
        revision=row.revision,
    )


def plan_usage(found: Usage) -> PlanUsageOut:
    """A plan with how much it is used."""
    shown = plan(found.plan).model_dump()
    return PlanUsageOut(**shown, subscription_count=found.subscription_count)


def subscription(sheet: SubscriptionSheet) -> SubscriptionOut:
    """A subscription by the names that people use."""
    row = sheet.subscription
    return SubscriptionOut(
        id=row.id,
        application=sheet.application.handle,
        application_id=sheet.application.id,
        application_name=sheet.application.name,
        api=f"{row.api_handle}:v{row.api_major}",
        api_handle=row.api_handle,
        api_major=row.api_major,
        plan=sheet.plan.name,
        state=sheet.standing,
        blocked=row.blocked,
        pending=row.pending,
        rejection=row.rejection,
        created_at=row.created_at,
        revision=row.revision,
    )
