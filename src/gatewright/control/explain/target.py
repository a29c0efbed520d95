"""What a call is meant for: the API as it is deployed in an environment, and its operation."""

import re
from dataclasses import dataclass

from gatewright.control import apis, environments
from gatewright.control.desk import Desk
from gatewright.control.explain.steps import Refused, Walk
from gatewright.domain.api import Api, Definition, Deployment
from gatewright.domain.environment import Environment, Kind
from gatewright.domain.lifecycle import State
from gatewright.domain.operation import Operation, match_order, parse_key

_PARAMETER = re.compile(r"\{[^{}/]+\}")


@dataclass(frozen=True, slots=True)
class Target:
    """What answers at an address, as its newest deployment froze it."""

    api: Api
    environment: Environment
    deployment: Deployment
    definition: Definition
    operation: Operation


def find(
    desk: Desk, walk: Walk, api_name: str, operation_key: str, environment_name: str | None
) -> Target:
    """The operation that a call would reach. Raises Refused, and NotFound for names of nothing."""
    api = apis.named(desk, api_name)
    if environment_name is None:
        environment = _usual(desk, api)
    else:
        environment = environments.named(desk, environment_name)
    found = desk.tx.deployments.find(api_id=api.id, environment_id=environment.id)
    if not found or api.state is State.RETIRED:
        retired = api.state is State.RETIRED
        raise Refused(
            "deployed",
            404,
            "404",
            f"{api.reference} is retired." if retired
            else f"{api.reference} is not deployed in {environment.handle}.",
            None if retired else f"gatewright api deploy {api.reference} -e {environment.handle}",
        )  # fmt: skip
    if api.state is State.BLOCKED:
        raise Refused(
            "deployed", 503, "700700", f"{api.reference} is blocked for everybody.",
            "Its publisher lifts that: gatewright api lifecycle API published.",
        )  # fmt: skip
    (deployment,) = found
    revision = desk.tx.revisions.get(deployment.revision_id)
    definition = Definition((), ()) if revision is None else revision.definition
    walk.ok("deployed", f"{api.reference} answers at {environments.call_url(environment, api)}.")
    operation = _operation(definition, operation_key)
    walk.ok("operation", f"{operation.key} is the operation that answers.")
    return Target(api, environment, deployment, definition, operation)


def _usual(desk: Desk, api: Api) -> Environment:
    """Production where it is deployed there, else the last environment before that it is in."""
    known = sorted(
        environments.everything(desk),
        key=lambda item: (item.kind is Kind.PRODUCTION, item.position),
    )
    there = {row.environment_id for row in desk.tx.deployments.find(api_id=api.id)}
    return next((item for item in reversed(known) if item.id in there), known[-1])


def _operation(definition: Definition, key: str) -> Operation:
    """By its template or by a path that a call may have. The nearest template answers, and where
    that one has not the method, none does."""
    method, path = parse_key(key)
    path = path.partition("?")[0] or "/"
    ordered = sorted(definition.operations, key=lambda item: match_order(item.path))
    named = [item for item in ordered if item.path == path]
    fitting = named or [item for item in ordered if _fits(item.path, path)]
    for item in fitting:
        if item.method == method:
            return item
    if fitting:
        methods = ", ".join(dict.fromkeys(item.method for item in fitting))
        raise Refused(
            "operation", 405, "405", f"{path} has no {method}, only {methods}.",
            "Add the operation to the API, and deploy it.",
        )  # fmt: skip
    raise Refused(
        "operation",
        404,
        "404",
        f"No operation of the deployed revision has the path {path[:200]}.",
        f"Use one of its paths, such as {ordered[0].path}." if ordered else None,
    )


def _fits(template: str, path: str) -> bool:
    segments = template.removeprefix("/").split("/")
    open_ended = segments[-1] == "*"
    if open_ended:
        segments = segments[:-1]
    pattern = "".join("/" + _segment(item) for item in segments)
    return bool(re.fullmatch(pattern + ("(?:/.*)?" if open_ended else ""), path))


def _segment(template: str) -> str:
    texts = [re.escape(text) for text in _PARAMETER.split(template)]
    return "[^/]+".join(texts)
