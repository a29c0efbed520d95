"""Counts each subject's calls against its plan: a bucket per subject and major version of an API.

The buckets are the environment's: they start full again when a plan changes, and only then. An
API's routes say by which plan a subject is counted.
"""

from collections import Counter
from typing import Any

from gatewright.gateway.ir import ApiIr, EnvironmentIr, OperationIr, PlanIr, SubjectState
from gatewright.gateway.xds import limiters, names, shapes

NAME = "plan-limit"
STAGE = 0
FAMILY, SUBJECT = "family", "subject"
QUOTA, BURST = "plan", "burst"


def filter_name(environment_id: str) -> str:
    """Told by discovery, so that a changed plan re-sends no API."""
    return limiters.folder(environment_id) + QUOTA


def http_filter(environment: EnvironmentIr) -> dict[str, Any]:
    """Off where no API has a subscriber."""
    return limiters.by_name(filter_name(environment.id))


def extensions(environment: EnvironmentIr) -> dict[str, dict[str, Any]]:
    """A chain for each plan that limits anything; by the name of any other nothing is counted."""
    known = {plan.id: _chain(plan) for plan in environment.plans}
    return {filter_name(environment.id): limiters.chains(NAME, known)}


def per_api(api: ApiIr) -> dict[str, Any] | None:
    """The plan that most have is everybody's for whom nothing else is said."""
    counted = [item for item in api.subjects if item.state is SubjectState.ACTIVE]
    usual = Counter(item.plan for item in counted if item.plan).most_common(1)
    if not usual:
        return None
    plan = usual[0][0]
    others = {
        item.key: shapes.run_chain(item.plan) if item.plan else shapes.SKIP
        for item in counted
        if item.plan != plan
    }
    return shapes.per_route(shapes.map_to(shapes.HEADER_SUBJECT, others, shapes.run_chain(plan)))


def per_operation(api: ApiIr, operation: OperationIr) -> dict[str, Any] | None:
    """An anonymous call has no subject to count."""
    return names.DISABLED if operation.anonymous and is_counted(api) else None


def is_counted(api: ApiIr) -> bool:
    """Whether anybody's calls are counted by a plan."""
    return any(item.plan and item.state is SubjectState.ACTIVE for item in api.subjects)


def rate_limits(api: ApiIr) -> list[dict[str, Any]]:
    """What a call of this API is counted as."""
    if not is_counted(api):
        return []
    family = {"generic_key": {"descriptor_key": FAMILY, "descriptor_value": api.family}}
    subject = {"header_name": shapes.HEADER_SUBJECT, "descriptor_key": SUBJECT}
    return [{"stage": STAGE, "actions": [family, {"request_headers": subject}]}]


def _chain(plan: PlanIr) -> list[dict[str, Any]]:
    """The burst first: what it refuses does not count against the quota."""
    keys = (FAMILY, SUBJECT)
    chain = []
    if plan.burst is not None:
        chain.append(limiters.bucket(plan.burst, BURST, keys, STAGE))
    quota = limiters.bucket(plan.quota, QUOTA, keys, STAGE, enforced=plan.stops, told=True)
    return [*chain, quota]
