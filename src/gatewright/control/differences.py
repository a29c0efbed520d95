"""What differs between two definitions of an API, in words: operations, scopes and access."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gatewright.access.actions import Action
from gatewright.control import apis, deployments, environments
from gatewright.control.desk import Desk
from gatewright.control.fitting import by_place
from gatewright.domain.api import Access, Api, Definition
from gatewright.domain.operation import Operation
from gatewright.domain.scope import Scope

DRAFT = "draft"
_SWITCHES = (
    ("subscription_required", "a subscription is asked for", "no subscription is asked for"),
    ("api_keys", "API keys are taken", "API keys are not taken"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """`kind` is operation, scope or access; `change` is added, removed or changed."""

    kind: str
    change: str
    subject: str
    text: str


def between(desk: Desk, reference: str, before: str, after: str) -> tuple[Api, list[Difference]]:
    """What changed from one definition to the other.

    Each is `draft`, the number of a revision, or an environment, which means what it serves.
    Raises NotFound, Denied to who sees no drafts.
    """
    desk.demand(Action.READ_DRAFTS)
    api = apis.named(desk, reference)
    first, second = (
        _definition(desk, api, name, field) for name, field in ((before, "from"), (after, "to"))
    )
    return api, differences(first, second)


def _definition(desk: Desk, api: Api, name: str, field: str) -> Definition:
    if name == DRAFT:
        return api.definition
    if name.isascii() and name.isdigit() and len(name) < 10:
        return deployments.numbered(desk, api, int(name)).definition
    environment = environments.named(desk, name, field)
    deployment = deployments.in_environment(desk, api, environment, field)
    (revision,) = desk.tx.revisions.find(id=deployment.revision_id)
    return revision.definition


def differences(before: Definition, after: Definition) -> list[Difference]:
    """Operations in the order of matching, then scopes by name, then access."""
    return [
        *_operations(before, after),
        *_scopes(before, after),
        *_access(before.access, after.access),
    ]


def _operations(before: Definition, after: Definition) -> Iterator[Difference]:
    old, new = by_place(before.operations), by_place(after.operations)
    for place, item in new.items():
        if place not in old:
            yield Difference("operation", "added", item.key, f"is added; it needs {needs(item)}")
            continue
        for text in _operation(old[place], item):
            yield Difference("operation", "changed", item.key, text)
    for place, item in old.items():
        if place not in new:
            yield Difference("operation", "removed", item.key, "is removed")


def _operation(old: Operation, new: Operation) -> Iterator[str]:
    if needs(old) != needs(new):
        yield f"needs {needs(new)} instead of {needs(old)}"
    if old.path != new.path:
        yield f"was called {old.key}"
    for name in ("summary", "operation_id"):
        if getattr(old, name) != getattr(new, name):
            yield f"has another {name}: {getattr(new, name)[:200] or 'none'}"


def needs(operation: Operation) -> str:
    """What a caller needs, such as `books:read`, `a + b or c`, `no token`."""
    if operation.anonymous:
        return "no token"
    choices = [" + ".join(sorted(item)) or "any token" for item in operation.alternatives]
    if operation.api_key:
        choices.append("an API key")
    return " or ".join(choices) or "what nobody has"


def _scopes(before: Definition, after: Definition) -> Iterator[Difference]:
    old, new = _by_name(before.scopes), _by_name(after.scopes)
    for name in sorted({*old, *new}):
        if name not in old:
            yield Difference("scope", "added", name, "is added")
        elif name not in new:
            yield Difference("scope", "removed", name, "is removed")
        elif old[name] != new[name]:
            text = f"has another description: {new[name].description[:200] or 'none'}"
            yield Difference("scope", "changed", name, text)


def _by_name(scopes: tuple[Scope, ...]) -> Mapping[str, Scope]:
    return {scope.name: scope for scope in scopes}


def _access(old: Access, new: Access) -> Iterator[Difference]:
    if old.token_header != new.token_header:
        text = f"tokens stand in {new.token_header} instead of {old.token_header}"
        yield Difference("access", "changed", "token_header", text)
    for name, on, off in _SWITCHES:
        if getattr(old, name) != getattr(new, name):
            yield Difference("access", "changed", name, on if getattr(new, name) else off)
    if old.key_managers != new.key_managers:
        text = f"tokens are taken of {_managers(new)} instead of {_managers(old)}"
        yield Difference("access", "changed", "key_managers", text)


def _managers(access: Access) -> str:
    if access.key_managers is None:
        return "every key manager"
    return ", ".join(sorted(access.key_managers)) or "none"
