"""From plans, limits and dates of the domain to the IR: who may call how often, and for how long.

Pure, as all lowering; it knows nothing of buckets.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from gatewright.domain.api import Api
from gatewright.domain.api_key import TEST_SUBJECT
from gatewright.domain.lifecycle import State
from gatewright.domain.limit import Limits, Rate
from gatewright.domain.plan import UNIT_SECONDS, Plan
from gatewright.domain.subscription import Standing, Subscription
from gatewright.gateway.ir import LimitIr, PlanIr, SubjectIr, SubjectState

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def lower_plans(plans: Iterable[Plan]) -> tuple[PlanIr, ...]:
    """Those that limit anything, in the order of their ids."""
    found = (lower_plan(plan) for plan in sorted(plans, key=lambda plan: plan.id))
    return tuple(plan for plan in found if plan is not None)


def lower_limits(limits: Iterable[Limits]) -> tuple[LimitIr, ...]:
    """Every limit once, the smallest counts first."""
    rates = (rate for item in limits for rate in (item.api, *item.operations.values()))
    found = {lower_rate(rate) for rate in rates if rate is not None}
    return tuple(sorted(found, key=lambda item: (item.request_count, item.unit_seconds)))


def lower_rate(rate: Rate) -> LimitIr:
    """`100/minute` as a number of seconds."""
    return LimitIr(rate.request_count, UNIT_SECONDS[rate.unit])


def lower_subjects(known: Iterable[SubjectIr]) -> tuple[SubjectIr, ...]:
    """Each once, and with them the test key's, which its audience keeps to one API. Whoever comes
    twice is known by what stands last."""
    subjects = {item.key: item for item in known}
    subjects[TEST_SUBJECT] = SubjectIr(TEST_SUBJECT)
    return tuple(subjects[key] for key in sorted(subjects))


def counted(subject: str, state: SubjectState, plan: Plan) -> SubjectIr:
    """Somebody who subscribed with a plan."""
    limits = lower_plan(plan)
    if limits is None:
        return SubjectIr(subject, state)
    return SubjectIr(subject, state, plan.id, limits.is_plain)


def are_counted_alike(plans: Collection[Plan]) -> bool:
    """Whether an API says the same of the subscribers of each."""
    ways = [lower_plan(plan) for plan in plans]
    return len({way and way.is_plain for way in ways}) == 1


def subject_state(subscription: Subscription, *, application_blocked: bool) -> SubjectState | None:
    """How a subscription's subjects stand; None when they are as unknown as without it."""
    if subscription.standing is Standing.REJECTED:
        return None
    if subscription.blocked or application_blocked:
        return SubjectState.BLOCKED
    return SubjectState.PENDING if subscription.pending else SubjectState.ACTIVE


def lower_notices(api: Api) -> tuple[tuple[str, str], ...]:
    """What a deprecated API's answers tell: since when (RFC 9745), until when (RFC 8594)."""
    if api.state is not State.DEPRECATED:
        return ()
    notices = []
    if api.deprecated_at is not None:
        notices.append(("deprecation", f"@{int(api.deprecated_at.timestamp())}"))
    if api.sunset_at is not None:
        notices.append(("sunset", http_date(api.sunset_at)))
    return tuple(notices)


def http_date(moment: datetime) -> str:
    """An IMF-fixdate (RFC 9110 §5.6.7), whatever the locale."""
    at = moment.astimezone(UTC)
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
    return f"{day}, {at.day:02} {month} {at.year:04} {at:%H:%M:%S} GMT"


def lower_plan(plan: Plan) -> PlanIr | None:
    """What it limits; None when that is nothing."""
    if plan.request_count is None:
        return None
    quota = LimitIr(plan.request_count, UNIT_SECONDS[plan.unit])
    burst = None
    if plan.burst_count is not None:
        burst = LimitIr(plan.burst_count, plan.burst_seconds)
    return PlanIr(plan.id, quota, burst, plan.stop_on_quota)
