"""The JSON document of an API's definition as the database holds it; the usual is left out."""

from functools import lru_cache
from typing import Any

import orjson

from gatewright.domain.api import Access, Definition
from gatewright.domain.operation import ANY_TOKEN, Alternatives, Operation
from gatewright.domain.scope import Scope


def encode(definition: Definition) -> str:
    """The document: equal definitions have equal documents."""
    document: dict[str, Any] = {
        "operations": [_operation_document(item) for item in definition.operations],
        "scopes": [[item.name, item.description] for item in definition.scopes],
    }
    if definition.access != Access():
        document["access"] = _access_document(definition.access)
    return orjson.dumps(document).decode()


def decode(text: str) -> Definition:
    """The definition of a document that `encode` made."""
    document = orjson.loads(text)
    return Definition(
        tuple([_operation(item) for item in document["operations"]]),
        tuple([Scope(name, description) for name, description in document["scopes"]]),
        _access(document["access"]) if "access" in document else Access(),
    )


def _access_document(access: Access) -> dict[str, Any]:
    managers = access.key_managers
    return {
        "token_header": access.token_header,
        "subscription_required": access.subscription_required,
        "api_keys": access.api_keys,
        "key_managers": None if managers is None else sorted(managers),
    }


def _access(document: dict[str, Any]) -> Access:
    managers = document["key_managers"]
    return Access(
        document["token_header"],
        document["subscription_required"],
        document["api_keys"],
        None if managers is None else frozenset(managers),
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
    if operation.api_key:
        document["api_key"] = True
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
        document.get("api_key", False),
    )


@lru_cache(maxsize=10_000)
def _alternatives(texts: tuple[str, ...]) -> Alternatives:
    # Few combinations of scopes stand on many operations: shared, they are made and kept once.
    # A scope holds no space (RFC 6749 §3.3), so that one parts them.
    return tuple(frozenset(text.split()) for text in texts)
