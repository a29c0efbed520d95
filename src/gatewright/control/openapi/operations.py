"""The operations of a document: its paths and methods, each with what a caller needs."""

from dataclasses import dataclass, field

from gatewright.control.definitions import shape
from gatewright.control.openapi.reading import Node, Reading
from gatewright.control.openapi.references import follow
from gatewright.control.openapi.security import (
    Needed,
    Schemes,
    check_keys,
    read_default,
    read_needed,
)
from gatewright.control.openapi.text import Located
from gatewright.domain.api import OPERATIONS_MAX
from gatewright.domain.errors import Invalid
from gatewright.domain.operation import (
    METHODS,
    SCOPES_PER_OPERATION_MAX,
    Operation,
    path_template,
)
from gatewright.domain.text import LINE_LENGTH_MAX

_METHOD_KEYS = {method.lower(): method for method in METHODS}
_SILENT_KEYS = frozenset({"summary", "description", "parameters", "$ref"})
_OPERATION_KEYS = frozenset({
    "tags", "summary", "description", "externalDocs", "operationId", "parameters", "requestBody",
    "responses", "callbacks", "deprecated", "security", "servers", "consumes", "produces",
    "schemes", "$ref",
})  # fmt: skip


@dataclass
class _Walk:
    """What stays the same while the paths are gone through, and what is found on the way.

    `methods` and `checked` remember path items and operations by identity: aliases and references
    lead to the same one many times.
    """

    reading: Reading
    root: Node
    schemes: Schemes
    default: Needed
    shapes: dict[str, str] = field(default_factory=dict)
    undeclared: list[str] = field(default_factory=list)
    methods: dict[int, tuple[str, ...]] = field(default_factory=dict)
    checked: set[int] = field(default_factory=set)


def read_operations(reading: Reading, root: Node, schemes: Schemes) -> tuple[Operation, ...]:
    """Every operation that the gateway serves, in the order of the document."""
    paths = root.child("paths")
    if paths.value is not None and not isinstance(paths.value, Located):
        reading.refuse(paths, "`paths` must be a mapping.")
    _refuse_repeated(reading, paths, "path")
    walk = _Walk(reading, root, schemes, read_default(reading, root, schemes))
    found: list[Operation] = []
    for path, item in paths.children():
        if not path.startswith("x-") and _served(walk, path, item):
            found += _path_item(walk, path, item)
        if len(found) > OPERATIONS_MAX:
            reading.refuse(paths, f"There are over {OPERATIONS_MAX} operations.")
            break
    _refuse_twins(reading, paths, found)
    if not found and not reading.refusals:
        reading.refuse(paths, "There is no operation to serve.")
    if walk.undeclared and not root.has("security"):
        reading.warn(
            paths,
            f"{len(walk.undeclared)} operations declare no security and ask for any token of a"
            f" subscribed application; the first is {walk.undeclared[0]}.",
        )
    return tuple(found)


def _served(walk: _Walk, path: str, item: Node) -> bool:
    try:
        path_template(path)
    except Invalid as error:
        walk.reading.refuse(item, f"{error.reason} {error.way_out or ''}".strip())
        return False
    twin = walk.shapes.setdefault(shape(path), path)
    if twin != path:
        walk.reading.warn(item, f"It matches the same calls as {twin}.")
    return True


def _refuse_twins(reading: Reading, paths: Node, found: list[Operation]) -> None:
    seen: dict[tuple[str, str], Operation] = {}
    for operation in found:
        twin = seen.setdefault((operation.method, shape(operation.path)), operation)
        if twin is not operation:
            reading.refuse(
                paths.child(operation.path),
                f"{operation.key} and {twin.key} match the same calls; keep one of them.",
            )


def _refuse_repeated(reading: Reading, node: Node, what: str, only: str | None = None) -> None:
    """Two of a name leave open what is meant, and with it what is let in."""
    if isinstance(node.value, Located):
        for key in node.value.repeated:
            if only in (None, key):
                reading.refuse(node.child(key), f"The {what} {key[:120]!r} stands here twice.")


def _path_item(walk: _Walk, path: str, node: Node) -> list[Operation]:
    item, trouble = follow(walk.root, node)
    if trouble or not isinstance(item.value, Located):
        walk.reading.warn(node, f"{trouble or 'This is not a mapping.'} The path was left out.")
        return []
    if node.has("$ref") and len(node.value) > 1:
        walk.reading.warn(node, "What stands beside the reference was left out.")
        _refuse_security(walk.reading, node)
    methods = walk.methods.get(id(item.value))
    if methods is None:
        methods = walk.methods[id(item.value)] = _methods(walk.reading, item)
    return [_operation(walk, _METHOD_KEYS[key], path, item.child(key)) for key in methods]


def _methods(reading: Reading, item: Node) -> tuple[str, ...]:
    """The keys of a path item that hold operations; whatever else stands there is told."""
    _refuse_repeated(reading, item, "method")
    _refuse_security(reading, item)
    check_keys(reading, item)
    found = []
    for key, child in item.children():
        if key in _METHOD_KEYS and isinstance(child.value, Located):
            found.append(key)
        elif key in _METHOD_KEYS:
            reading.warn(child, "This is not a mapping; the operation was left out.")
        elif key not in _SILENT_KEYS and not key.startswith("x-"):
            reading.warn(child, f"{key[:80]!r} is not served and was left out.")
    return tuple(found)


def _refuse_security(reading: Reading, item: Node) -> None:
    if item.has("security"):
        reading.refuse(item.child("security"), "A path has no `security`; its operations have.")


def _check_operation(walk: _Walk, node: Node) -> None:
    """Once for each operation as it is written: nothing in it may be meant and not obeyed."""
    if id(node.value) in walk.checked:
        return
    walk.checked.add(id(node.value))
    reading = walk.reading
    _refuse_repeated(reading, node, "key", only="security")
    check_keys(reading, node)
    if node.has("$ref"):
        reading.refuse(node.child("$ref"), "An operation can not be a reference; write it out.")
    for key, child in node.children():
        if key not in _OPERATION_KEYS and not key.startswith("x-"):
            reading.warn(child, f"{key[:80]!r} is not read.")


def _operation(walk: _Walk, method: str, path: str, node: Node) -> Operation:
    reading, needed = walk.reading, walk.default
    _check_operation(walk, node)
    if node.has("security"):
        needed = read_needed(reading, node.child("security"), walk.schemes)
    else:
        walk.undeclared.append(f"{method} {path}")
    if node.has("servers"):
        reading.warn(node.child("servers"), "Servers of an operation are not used.")
    if needed.scope_count > SCOPES_PER_OPERATION_MAX:
        reading.refuse(node, f"It asks for over {SCOPES_PER_OPERATION_MAX} scopes.")
    return Operation(
        method=method,
        path=path,
        summary=reading.text(node.child("summary"), LINE_LENGTH_MAX),
        alternatives=needed.alternatives,
        anonymous=needed.anonymous,
        api_key=needed.api_key,
        operation_id=reading.text(node.child("operationId"), LINE_LENGTH_MAX),
    )
