"""The policies in the order in which Envoy runs them: a policy's place here is its place there.

Each is one module with the functions of `Policy`, or an object that has them.
"""

from typing import Any, Protocol

from gatewright.gateway.ir import ApiIr, EnvironmentIr, OperationIr
from gatewright.gateway.policies import (
    access_token,
    api_limit,
    audience,
    bound,
    foreign,
    plan_limit,
    revoked,
    router,
    scope,
    subject,
    subscription,
)


class Policy(Protocol):
    """What each entry of `POLICIES` offers."""

    def filter_name(self, environment_id: str) -> str:
        """The filter's name, by which routes configure it."""

    def http_filter(self, environment: EnvironmentIr) -> dict[str, Any]:
        """Its entry in the connection manager."""

    def extensions(self, environment: EnvironmentIr) -> dict[str, dict[str, Any]]:
        """What that entry is told by discovery, by resource name."""

    def per_api(self, api: ApiIr) -> dict[str, Any] | None:
        """Its configuration for a whole API."""

    def per_operation(self, api: ApiIr, operation: OperationIr) -> dict[str, Any] | None:
        """Its configuration for one operation."""


POLICIES: tuple[Policy, ...] = (
    access_token,
    foreign,
    bound,
    subject,
    revoked.RECENT,
    revoked.SUBJECTS,
    revoked.SETTLED,
    revoked.SHARDS,
    audience,
    subscription.BLOCKED,
    subscription.PENDING,
    subscription,
    scope,
    plan_limit.USUAL,
    plan_limit.OTHERS,
    api_limit.OPERATION,
    api_limit.API,
    router,
)
