"""A subscription plan: how many calls a subscription may make in a unit of time."""

from dataclasses import dataclass
from datetime import datetime

UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
DEFAULT_PLANS: tuple[tuple[str, int | None], ...] = (
    ("Bronze", 1000),
    ("Silver", 2000),
    ("Gold", 5000),
    ("Unlimited", None),
)
DEFAULT_PLAN = "Bronze"


@dataclass(frozen=True, slots=True)
class Plan:
    """`request_count` calls per `unit` (a key of UNIT_SECONDS); None is unlimited."""

    id: str
    organization_id: str
    name: str
    request_count: int | None
    unit: str
    created_at: datetime
    revision: int = 1
