"""Limits kept to the operations that there are: one whose operation went goes with it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gatewright.control import definitions
from gatewright.control.findings import Finding
from gatewright.domain.api import Api, Definition
from gatewright.domain.limit import Limits
from gatewright.domain.operation import Operation, parse_key

Place = tuple[str, str]


def place(key: str) -> Place:
    """What tells an operation apart, however its parameters are called. Raises Invalid."""
    method, path = parse_key(key)
    return method, definitions.shape(path)


def by_place(operations: Iterable[Operation]) -> dict[Place, Operation]:
    """The operations by their places."""
    return {(item.method, definitions.shape(item.path)): item for item in operations}


def fitting(limits: Limits, definition: Definition) -> Limits:
    """The limits of operations that the definition has, each by its key there."""
    if not limits.operations:
        return limits
    known = by_place(definition.operations)
    found = {key: known.get(place(key)) for key in limits.operations}
    return limits.within({key: item.key for key, item in found.items() if item is not None})


def fitted(api: Api) -> Api:
    """The API with the limits of its present operations and no others."""
    limits = {id: fitting(item, api.definition) for id, item in api.limits.items()}
    kept = {id: item for id, item in limits.items() if item.api or item.operations}
    return api if kept == api.limits else replace(api, limits=kept)


def dropped(before: Api, after: Api, handles: Mapping[str, str]) -> list[Finding]:
    """What is to be told when operations went, and their limits with them. `handles` names
    environments by their ids."""
    known = by_place(after.definition.operations)
    return [
        Finding(key, f"It is gone, and with it its limit {item.text} in {handles.get(id, id)}.")
        for id, limits in before.limits.items()
        for key, item in limits.operations.items()
        if place(key) not in known
    ]
