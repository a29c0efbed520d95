"""Writes the OpenAPI documents that the benchmarks import, and knows the calls they allow.

Half of the operations have a path parameter, since matching those costs a gateway more.
"""

from bench.credentials import SCOPE

WRITE_SCOPE = "books:write"
VERSION = "v1.0"


def context(number: int) -> str:
    return f"/bench{number}"


def document(number: int, operations: int, extra_paths: tuple[str, ...] = ()) -> dict[str, object]:
    """An API whose reads need the one scope, with one write that needs another."""
    paths = [_template(index) for index in range(operations)]
    listed: dict[str, dict[str, object]] = {
        path: {"get": _operation(SCOPE)} for path in [*paths, *extra_paths]
    }
    listed[paths[0]]["post"] = _operation(WRITE_SCOPE)
    flow = {"tokenUrl": "https://sts.example/token", "scopes": {SCOPE: "", WRITE_SCOPE: ""}}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Bench {number}", "version": "1.0.0"},
        "paths": listed,
        "components": {
            "securitySchemes": {"oauth2": {"type": "oauth2", "flows": {"clientCredentials": flow}}}
        },
    }


def call_path(number: int, operation: int) -> str:
    """The path at the gateway of one call to an operation."""
    return gateway_path(number, _template(operation).replace("{id}", "4711"))


def gateway_path(number: int, path: str) -> str:
    return f"{context(number)}/{VERSION}{path}"


def _template(index: int) -> str:
    return f"/items{index}" if index % 2 == 0 else f"/items{index}/{{id}}"


def _operation(scope: str) -> dict[str, object]:
    return {"security": [{"oauth2": [scope]}], "responses": {"200": {"description": "OK"}}}
