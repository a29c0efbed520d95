"""Lets in only subjects with an active subscription to the API: an exact map, O(1).

Those it knows and refuses are told why; they stand in no list of who may call, so that they would
be refused as strangers if the filter that tells were not there.
"""

from dataclasses import dataclass
from typing import Any

from gatewright.gateway.ir import ApiIr, EnvironmentIr, OperationIr, SubjectState
from gatewright.gateway.xds import names, shapes

NAME = "subscription"
REFUSAL = "not-subscribed"
OWN_CLIENT = r"[A-Za-z0-9_-]+\.[0-9]+"
"""The subjects of our own tokens: a client and the generation of its credential. Those of others'
tokens hold a bar, and keys have no dot."""

Json = dict[str, Any]


def filter_name(environment_id: str) -> str:
    """The same in each environment."""
    return NAME


def http_filter(environment: EnvironmentIr) -> Json:
    """Off where no API answers, so that an undeclared path stays 404."""
    return {"name": NAME, "disabled": True, "typed_config": shapes.refuse(REFUSAL)}


def extensions(environment: EnvironmentIr) -> dict[str, Json]:
    """None."""
    return {}


def per_api(api: ApiIr) -> Json | None:
    """The API's subscribers; with none of them, everybody is refused. Without subscriptions our own
    tokens are enough, as each is an application's; whoever else calls must be known."""
    subjects = _in_state(api, SubjectState.ACTIVE)
    miss = None
    if not api.subscription_required:
        ours = shapes.like(shapes.HEADER_SUBJECT, OWN_CLIENT)
        miss = {"matcher": shapes.skip_if(ours)}
    return shapes.per_route(shapes.exact_map(shapes.HEADER_SUBJECT, subjects, shapes.SKIP, miss))


def per_operation(api: ApiIr, operation: OperationIr) -> Json | None:
    """An anonymous operation needs no subscription."""
    return names.DISABLED if operation.anonymous else None


def _in_state(api: ApiIr, state: SubjectState) -> list[str]:
    return [item.key for item in api.subjects if item.state is state]


@dataclass(frozen=True, slots=True)
class Known:
    """Refuses those that the API knows in one state; it stands before the list of who may call."""

    name: str
    state: SubjectState

    def filter_name(self, environment_id: str) -> str:
        """The same in each environment; also what a refusal is called."""
        return self.name

    def http_filter(self, environment: EnvironmentIr) -> Json:
        """Off where there are none of them."""
        return {"name": self.name, "disabled": True, "typed_config": shapes.refuse(self.name)}

    def extensions(self, environment: EnvironmentIr) -> dict[str, Json]:
        """None."""
        return {}

    def per_api(self, api: ApiIr) -> Json | None:
        """Those of the API, if any."""
        found = _in_state(api, self.state)
        if not found:
            return None
        matcher = shapes.exact_map(shapes.HEADER_SUBJECT, found, shapes.RUN, shapes.SKIP)
        return shapes.per_route(matcher)

    def per_operation(self, api: ApiIr, operation: OperationIr) -> Json | None:
        """An anonymous operation asks nobody."""
        return names.DISABLED if operation.anonymous and _in_state(api, self.state) else None


BLOCKED = Known("subscription-blocked", SubjectState.BLOCKED)
"""Of a blocked subscription or application."""

PENDING = Known("subscription-pending", SubjectState.PENDING)
"""Of one that waits for approval."""
