"""Asks, before a deployment, whether an API will compile: the same steps, and nothing is served."""

from dataclasses import dataclass
from datetime import UTC, datetime

from gatewright.domain.api import Api, Definition, Deployment, upstream_url
from gatewright.domain.errors import GatewrightError
from gatewright.domain.organization import Organization
from gatewright.gateway import lower
from gatewright.gateway.compile import paths, routes, upstream
from gatewright.gateway.xds.messages import Messages

_ANYWHERE = "https://gateway"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Problem:
    """`location` is an operation's key or a field; `message` says what to change."""

    location: str
    message: str


def check(
    organization: Organization,
    api: Api,
    definition: Definition,
    upstream_base: str,
    messages: Messages,
) -> list[Problem]:
    """Why this revision could not be served from this upstream; empty when it can."""
    problems = _unreachable(definition)
    try:
        upstream_url(upstream_base)
    except GatewrightError as error:
        return [*problems, Problem("upstream", str(error))]
    deployment = Deployment("dep", api.organization_id, api.id, "env", "rev", upstream_base, _NEVER)
    try:
        ir = lower.lower_api(organization, api, definition, deployment, (), _ANYWHERE)
        messages.pack(upstream.cluster(ir.upstream, None))
        messages.pack(routes.route_configuration(ir))
    except GatewrightError as error:
        problems.append(Problem(error.field or api.reference, str(error)))
    return problems


def _unreachable(definition: Definition) -> list[Problem]:
    """Of two operations that match the same calls, Envoy would only ever take the first."""
    seen: dict[tuple[str, str], str] = {}
    problems = []
    for operation in definition.operations:
        key = (operation.method, paths.canonical(operation.path))
        if key in seen:
            text = f"matches the same calls as {seen[key]}; remove one of them."
            problems.append(Problem(operation.key, text))
        seen.setdefault(key, operation.key)
    return problems
