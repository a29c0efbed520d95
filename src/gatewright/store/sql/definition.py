"""The JSON document of an API's definition as the database holds it; the usual is left out."""

from functools import lru_cache
from typing import Any

import orjson

from gatewright.domain.api import Definition
from gatewright.domain.operation import ANY_TOKEN, Alternatives, Operation
from gatewright.domain.scope import Scope


def encode(definition: Definition) -> str:
    """The document: equal definitions have equal documents."""
    document = {
        "operations": [_operation_document(item) for item in definition.operations],
        "scopes": [[item.name, item.description] for item in definition.scopes],
    }
    return orjson.dumps(document).decode()


def decode(text: str) -> Definition:
    """The definition of a document that `encode` made."""
    document = orjson.loads(text)
    return Definition(
        tuple([_operation(item) for item in document["operations"]]),
        tuple([Scope(name, description) for name, description in document["scopes"]]),
    )


def _operation_document(operation: Operation) -> dict[str, Any]:
    document: dict[str, Any] = {"method": operation.method, "path": operation.path}
    if operation.summary:
        document["summary"] = operation.summary
    if operation.alternatives != ANY_TOKEN:
        # The order of alternatives stays as it was given, that within a set means nothing.
        document["alternatives"] = [" ".join(sorted(item)) for item in operation.alternatives]
    if operation.anonymous:
        document["anonymous"] = True
    if operation.operation_id:
        document["operation_id"] = operation.operation_id
    return document


def _operation(document: dict[str, Any]) -> Operation:
    alternatives = document.get("alternatives")
    return Operation(
        document["method"],
        document["path"],
        document.get("summary", ""),
        ANY_TOKEN if alternatives is None else _alternatives(tuple(alternatives)),
        document.get("anonymous", False),
        document.get("operation_id", ""),
    )


@lru_cache(maxsize=10_000)
def _alternatives(texts: tuple[str, ...]) -> Alternatives:
    # Few combinations of scopes stand on many operations: shared, they are made and kept once.
    # A scope holds no space (RFC 6749 §3.3), so that one parts them.
    return tuple(frozenset(text.split()) for text in texts)
