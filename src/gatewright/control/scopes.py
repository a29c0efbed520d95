"""Scopes of an API: how they are defined, attached to operations and detached."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from gatewright.access.actions import Action
from gatewright.control import apis, definitions
from gatewright.control.desk import Desk
from gatewright.domain import text
from gatewright.domain.api import Api
from gatewright.domain.errors import Conflict, NotFound
from gatewright.domain.operation import Operation, attach, detach, parse_key
from gatewright.domain.scope import Scope, qualified, scope_name

EVERY_OPERATION = "*"


@dataclass(frozen=True, slots=True)
class ScopeSheet:
    """A scope with its qualified name and the operations that ask for it."""

    scope: Scope
    qualified_name: str
    operations: tuple[str, ...]


def everything(desk: Desk, api: Api) -> list[ScopeSheet]:
    """The API's scopes by name."""
    desk.demand(Action.READ_APIS)
    return [
        ScopeSheet(
            scope,
            qualified(desk.organization.handle, api.handle, scope.name),
            tuple(item.key for item in api.definition.operations if scope.name in item.scopes),
        )
        for scope in api.definition.scopes
    ]


def define(
    desk: Desk, reference: str, name: str, description: str, expected: int | None = None
) -> Api:
    """Define a scope. Raises Conflict when it is defined already."""
    api = apis.editable(desk, reference, expected)
    scope = Scope(scope_name(_short(desk, api, name), "name"), text.description(description))
    if scope.name in {item.name for item in api.definition.scopes}:
        raise Conflict(f"{scope.name} is defined already.", "name", "Attach it to an operation.")
    return _save(desk, api, api.definition.operations, (*api.definition.scopes, scope),
                 "scopes.define", scope.name)  # fmt: skip


def attach_to(
    desk: Desk, reference: str, name: str, operation: str, expected: int | None = None
) -> Api:
    """Let the scope open an operation (`GET /books`, or `*` for all); defines it when new."""
    api = apis.editable(desk, reference, expected)
    scope = scope_name(_short(desk, api, name))
    known = api.definition.scopes
    scopes = known if scope in {item.name for item in known} else (*known, Scope(scope))
    operations = changed(api, operation, lambda item: attach(item, scope))
    return _save(desk, api, operations, scopes, "scopes.attach", scope, operation)


def detach_from(
    desk: Desk, reference: str, name: str, operation: str, expected: int | None = None
) -> Api:
    """The inverse of `attach_to`. An operation left without scopes asks for a valid token."""
    api = apis.editable(desk, reference, expected)
    scope = _short(desk, api, name)
    operations = changed(api, operation, lambda item: detach(item, scope))
    if operations == api.definition.operations:
        raise NotFound(
            f"{scope[:80]!r} is not attached to {operation[:80]!r}.",
            "scope",
            "List the API's scopes to see what is attached.",
        )
    return _save(desk, api, operations, api.definition.scopes, "scopes.detach", scope, operation)


def _short(desk: Desk, api: Api, name: str) -> str:
    return name.removeprefix(qualified(desk.organization.handle, api.handle, ""))


def changed(
    api: Api, operation: str, change: Callable[[Operation], Operation]
) -> tuple[Operation, ...]:
    """The API's operations with one changed (`GET /books`), or each (`*`). Raises NotFound."""
    if operation == EVERY_OPERATION:
        return tuple(change(item) for item in api.definition.operations)
    method, path = parse_key(operation)
    shape = definitions.shape(path)
    hits = [
        item
        for item in api.definition.operations
        if item.method == method and definitions.shape(item.path) == shape
    ]
    if not hits:
        raise NotFound(
            f"{api.reference} has no operation {operation[:80]!r}.",
            "operation",
            'Use one of those that `api show` lists, such as "GET /books", or "*".',
        )
    return tuple(change(item) if item in hits else item for item in api.definition.operations)


def _save(
    desk: Desk,
    api: Api,
    operations: tuple[Operation, ...],
    scopes: tuple[Scope, ...],
    action: str,
    scope: str,
    operation: str | None = None,
) -> Api:
    definition = definitions.define(operations, scopes, api.definition.access)
    after = replace(api, definition=definition)
    return apis.save(desk, api, after, action, scope=scope, operation=operation)
