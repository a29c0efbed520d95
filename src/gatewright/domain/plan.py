"""A subscription plan: how many calls a subscription may make in a unit of time."""

from dataclasses import dataclass
from datetime import datetime

from gatewright.domain.limit import UNIT_SECONDS

__all__ = ["DEFAULT_PLAN", "DEFAULT_PLANS", "UNIT_SECONDS", "Plan"]
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
