"""A subscription plan: how many calls a subscription may make in a unit of time."""

from dataclasses import dataclass
from datetime import datetime

from gatewright.domain import text
from gatewright.domain.errors import Invalid
from gatewright.domain.limit import UNIT_SECONDS, request_count

__all__ = ["DEFAULT_PLAN", "DEFAULT_PLANS", "UNIT_SECONDS", "Plan", "checked", "plan_name"]
PLANS_MAX = 200
DEFAULT_PLANS: tuple[tuple[str, int | None], ...] = (
    ("Bronze", 1000),
    ("Silver", 2000),
    ("Gold", 5000),
    ("Unlimited", None),
)
DEFAULT_PLAN = "Bronze"


@dataclass(frozen=True, slots=True)
class Plan:
    """`request_count` calls per `unit` (a key of UNIT_SECONDS); None is unlimited.

    At most `burst_count` of them within `burst_seconds`, where that is set. Without
    `stop_on_quota` calls over the quota pass and are only counted.
    """

    id: str
    organization_id: str
    name: str
    request_count: int | None
    unit: str
    created_at: datetime
    revision: int = 1
    description: str = ""
    burst_count: int | None = None
    burst_seconds: int = 1
    stop_on_quota: bool = True


def plan_name(value: str) -> str:
    """A display name without a slash, so that it can stand in a path. Raises Invalid."""
    name = text.name(value)
    if "/" in name:
        raise Invalid("holds a slash.", "name", "Choose another, such as Gold.")
    return name


def checked(plan: Plan) -> Plan:
    """The plan if its numbers can be counted to and its burst can act. Raises Invalid."""
    if plan.unit not in UNIT_SECONDS:
        reason = f"{plan.unit[:40]!r} is no unit."
        raise Invalid(reason, "unit", f"Use {', '.join(UNIT_SECONDS)}.")
    if plan.request_count is not None:
        request_count(plan.request_count)
    if plan.burst_count is not None:
        _check_burst(plan, plan.burst_count)
    return plan


def _check_burst(plan: Plan, burst_count: int) -> None:
    request_count(burst_count, "burst_count")
    if plan.request_count is None:
        reason = "an unlimited plan has no burst."
        raise Invalid(reason, "burst_count", "Give a request_count too.")
    if burst_count >= plan.request_count:
        reason = f"{burst_count} would never stop anybody before the quota does."
        raise Invalid(reason, "burst_count", f"Use fewer than {plan.request_count}.")
    longest = UNIT_SECONDS[plan.unit] - 1
    if not 1 <= plan.burst_seconds <= longest:
        reason = f"{plan.burst_seconds} is not within the {plan.unit}."
        raise Invalid(reason, "burst_seconds", f"Use 1 to {longest} seconds.")
