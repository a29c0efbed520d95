"""Counts each subject's calls against its plan: a bucket per subject and major version of an API.

Two filters: one for the plain quota that most subscribers of an API have, and one with a chain for
each plan, for everybody else: a chain costs a call twice as much. The buckets are the
environment's: they start full again when a plan changes, and hardly otherwise. An API's routes
say by which plan a subject is counted.
"""

from collections import Counter
from typing import Any

from gatewright.gateway.ir import ApiIr, EnvironmentIr, OperationIr, PlanIr, SubjectIr, SubjectState
from gatewright.gateway.xds import limiters, names, shapes

PLAN, FAMILY, SUBJECT = "plan", "family", "subject"
QUOTA, BURST = "plan", "burst"
OTHERS_MAX = 1_000
"""Up to so many who are not counted by the usual plan are named; beyond, all go by chains."""

_NAMED_AT_ONCE = 200  # in one pattern, whose size Envoy bounds
Json = dict[str, Any]


class _Usual:
    """For the subscribers of the plain plan that most have.

    It stands in every chain, and counts what an API says shall be counted: to ask for each call
    whether it is one of those costs as much as to count it.
    """

    stage = 3

    def filter_name(self, environment_id: str) -> str:
        """Told by discovery, so that a changed plan re-sends no API."""
        return limiters.folder(environment_id) + "quota"

    def http_filter(self, environment: EnvironmentIr) -> Json:
        """Counts nothing of an API that has no such subscriber."""
        return limiters.found(self.filter_name(environment.id))

    def extensions(self, environment: EnvironmentIr) -> dict[str, Json]:
        """One filter with a limit for each plain plan; by any other nothing is counted."""
        known = {plan.id: plan.quota for plan in environment.plans if plan.is_plain}
        limiter = limiters.buckets(PLAN, known, QUOTA, (FAMILY, SUBJECT), self.stage)
        return {self.filter_name(environment.id): limiter}

    def per_api(self, api: ApiIr) -> Json | None:
        """Nothing: the virtual host says what is counted."""
        return None

    def per_operation(self, api: ApiIr, operation: OperationIr) -> Json | None:
        """Nothing: an anonymous call has no subject to count."""
        return None

    def counted_as(self, api: ApiIr, plan: str) -> Json:
        """The plan, unless the subject is one of those who have another, or none."""
        others = [item.key for item in _active(api) if item.plan != plan]
        chunks = [others[at : at + _NAMED_AT_ONCE] for at in range(0, len(others), _NAMED_AT_ONCE)]
        named = {"descriptor_key": PLAN, "descriptor_value": plan}
        if not chunks:
            return {"generic_key": named}
        headers = [shapes.is_none_of(shapes.HEADER_SUBJECT, chunk) for chunk in chunks]
        return {"header_value_match": {**named, "headers": headers}}


class _Others:
    """For the subscribers of every other plan, each with the chain of its plan."""

    name, stage = "plan-limit", 0

    def filter_name(self, environment_id: str) -> str:
        """Told by discovery, so that a changed plan re-sends no API."""
        return limiters.folder(environment_id) + "plan"

    def http_filter(self, environment: EnvironmentIr) -> Json:
        """Off where no API has such a subscriber."""
        return limiters.by_name(self.filter_name(environment.id))

    def extensions(self, environment: EnvironmentIr) -> dict[str, Json]:
        """A chain for each plan; by the name of any other nothing is counted."""
        known = {plan.id: self._chain(plan) for plan in environment.plans}
        return {self.filter_name(environment.id): limiters.chains(self.name, known)}

    def per_api(self, api: ApiIr) -> Json | None:
        """What holds for most is said once; who is told something else is named."""
        chains = _chains(api)
        if not any(chains.values()):
            return None
        most = Counter(chains.values()).most_common(1)[0][0]
        others = {key: _action(name) for key, name in chains.items() if name != most}
        return shapes.per_route(shapes.map_to(shapes.HEADER_SUBJECT, others, _action(most)))

    def per_operation(self, api: ApiIr, operation: OperationIr) -> Json | None:
        """An anonymous call has no subject to count."""
        return names.DISABLED if operation.anonymous and self.is_used(api) else None

    def is_used(self, api: ApiIr) -> bool:
        """Whether any subscriber is counted by a chain."""
        return any(_chains(api).values())

    def _chain(self, plan: PlanIr) -> list[Json]:
        """The burst first: what it refuses does not count against the quota."""
        keys = (FAMILY, SUBJECT)
        chain = []
        if plan.burst is not None:
            chain.append(limiters.bucket(plan.burst, BURST, keys, self.stage))
        quota = limiters.bucket(plan.quota, QUOTA, keys, self.stage, enforced=plan.stops, told=True)
        return [*chain, quota]


USUAL = _Usual()
OTHERS = _Others()


def usual(api: ApiIr) -> str | None:
    """The plain plan that most of an API's subscribers have; None when nobody has one, or too many
    have another."""
    active = _active(api)
    plans = Counter(item.plan for item in active if item.plan and item.is_plain)
    for plan, count in plans.most_common(1):
        return plan if len(active) - count <= OTHERS_MAX else None
    return None


def is_counted(api: ApiIr) -> bool:
    """Whether anybody's calls are counted by a plan."""
    return any(item.plan for item in _active(api))


def rate_limits(api: ApiIr) -> list[Json]:
    """What a call of this API is counted as."""
    family = {"generic_key": {"descriptor_key": FAMILY, "descriptor_value": api.family}}
    header = {"header_name": shapes.HEADER_SUBJECT, "descriptor_key": SUBJECT}
    subject = {"request_headers": header}
    found: list[Json] = []
    if OTHERS.is_used(api):
        found.append({"stage": OTHERS.stage, "actions": [family, subject]})
    plan = usual(api)
    if plan is not None:
        counted = USUAL.counted_as(api, plan)
        found.append({"stage": USUAL.stage, "actions": [counted, family, subject]})
    return found


def _active(api: ApiIr) -> list[SubjectIr]:
    return [item for item in api.subjects if item.state is SubjectState.ACTIVE]


def _chains(api: ApiIr) -> dict[str, str | None]:
    """The chain of each subscriber; None of those that USUAL counts, or nobody."""
    plain = usual(api)
    return {item.key: None if item.plan == plain else item.plan for item in _active(api)}


def _action(chain: str | None) -> Json:
    return shapes.SKIP if chain is None else shapes.run_chain(chain)
