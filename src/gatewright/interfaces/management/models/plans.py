"""What is answered about plans and subscriptions."""

from datetime import datetime

from gatewright.domain.subscription import Standing
from gatewright.interfaces.management.models import Out


class PlanOut(Out):
    """`request_count` calls per `unit`, null is unlimited, and at most `burst_count` of them
    within `burst_seconds`. Without `stop_on_quota`, calls over the quota pass."""

    id: str
    name: str
    description: str
    request_count: int | None
    unit: str
    burst_count: int | None
    burst_seconds: int
    stop_on_quota: bool
    created_at: datetime
    revision: int


class PlanUsageOut(PlanOut):
    """A plan, and how many subscriptions are on it."""

    subscription_count: int


class SubscriptionOut(Out):
    """An application may call every version of `api_handle` with the major version `api_major`.

    `state` is what a call meets: active, pending, rejected (see `rejection`), blocked, or what
    stands in the way of all subscriptions, application-blocked, api-blocked, api-retired.
    """

    id: str
    application: str
    application_id: str
    application_name: str
    api: str
    api_handle: str
    api_major: int
    plan: str
    state: Standing
    blocked: bool
    pending: bool
    rejection: str
    created_at: datetime
    revision: int
