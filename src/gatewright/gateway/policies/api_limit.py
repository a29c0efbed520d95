"""Counts the calls of an API, or of one operation, whoever makes them: at most so many in a time.

A bucket for each API and operation that has a limit. They are the environment's, and start full
again only when a limit comes up or goes that no other API or operation there has.
"""

from dataclasses import dataclass
from typing import Any

from gatewright.gateway.ir import ApiIr, EnvironmentIr, OperationIr
from gatewright.gateway.xds import limiters, shapes

Json = dict[str, Any]
_KEY = "of"


@dataclass(frozen=True, slots=True)
class Limit:
    """The policy of one level; `reason` is what refusals call it."""

    name: str
    reason: str
    stage: int

    def filter_name(self, environment_id: str) -> str:
        """Told by discovery, so that its buckets outlive the routes that name them."""
        return limiters.folder(environment_id) + self.reason

    def http_filter(self, environment: EnvironmentIr) -> Json:
        """Off where nothing is limited."""
        return limiters.by_name(self.filter_name(environment.id))

    def extensions(self, environment: EnvironmentIr) -> dict[str, Json]:
        """A chain for each limit that there is."""
        known = {
            limit.name: [limiters.bucket(limit, self.reason, (_KEY,), self.stage)]
            for limit in environment.limits
        }
        return {self.filter_name(environment.id): limiters.chains(self.name, known)}

    def per_api(self, api: ApiIr) -> Json | None:
        """Nothing, where it is for single operations."""
        return None

    def per_operation(self, api: ApiIr, operation: OperationIr) -> Json | None:
        """Nothing, where it is for the whole API."""
        return None

    def counted_as(self, what: str) -> Json:
        """An entry of the list by which a route or virtual host says what a call counts as."""
        key = {"generic_key": {"descriptor_key": _KEY, "descriptor_value": what}}
        return {"stage": self.stage, "actions": [key]}


class _ApiLimit(Limit):
    """The one for a whole API."""

    def per_api(self, api: ApiIr) -> Json | None:
        """Every call counts, an anonymous one too."""
        if api.limit is None:
            return None
        return shapes.per_route({"on_no_match": shapes.run_chain(api.limit.name)})

    def rate_limits(self, api: ApiIr) -> list[Json]:
        """What a call of this API is counted as."""
        return [] if api.limit is None else [self.counted_as(api.reference)]


class _OperationLimit(Limit):
    """The one for an operation."""

    def per_operation(self, api: ApiIr, operation: OperationIr) -> Json | None:
        """Every call of it counts."""
        if operation.limit is None:
            return None
        return shapes.per_route({"on_no_match": shapes.run_chain(operation.limit.name)})

    def rate_limits(self, api: ApiIr, operation: OperationIr) -> list[Json]:
        """What a call of the operation is counted as."""
        if operation.limit is None:
            return []
        return [self.counted_as(f"{api.reference} {operation.method} {operation.path}")]


API = _ApiLimit("api-limit", "api", 1)
"""For all operations together."""

OPERATION = _OperationLimit("operation-limit", "operation", 2)
"""For one."""
