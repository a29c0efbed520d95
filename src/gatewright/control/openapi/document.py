"""A whole document, Swagger 2.0, OpenAPI 3.0 or 3.1, read into what an API is made of."""

import re
from dataclasses import dataclass
from typing import Any

from gatewright.control import definitions, spellings
from gatewright.control.findings import Finding
from gatewright.control.openapi.operations import read_operations
from gatewright.control.openapi.reading import Node, Reading
from gatewright.control.openapi.security import check_keys, read_schemes
from gatewright.control.openapi.servers import read_upstream
from gatewright.control.openapi.text import Located, load
from gatewright.domain.api import Definition
from gatewright.domain.text import DESCRIPTION_LENGTH_MAX, NAME_LENGTH_MAX

NAME_DEFAULT = "API"
VERSION_DEFAULT = "v1.0"
_VERSION = re.compile(r"[vV]?([0-9]{1,5})(?![0-9])(?:\.([0-9]{1,5})(?![0-9]))?(.*)", re.DOTALL)
_KNOWN_KEYS = frozenset({
    "openapi", "swagger", "info", "servers", "paths", "components", "security", "tags",
    "externalDocs", "jsonSchemaDialect", "host", "basePath", "schemes", "consumes", "produces",
    "definitions", "parameters", "responses", "securityDefinitions", "$schema", "$self",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Imported:
    """What a document holds. Warnings about version and upstream are apart, as they are of no
    concern when the caller gives those."""

    name: str
    description: str
    version: str
    upstream: str | None
    definition: Definition
    warnings: tuple[Finding, ...]
    version_warnings: tuple[Finding, ...]
    upstream_warnings: tuple[Finding, ...]


def read_document(text: str, source_url: str | None = None) -> Imported:
    """Read a document of JSON or YAML; relative servers resolve against `source_url`.

    Raises Refused, with every place where routing or security would break, and TooLarge.
    """
    value = load(text)
    root, reading = Node(value, ""), Reading()
    swagger = _is_swagger(reading, root)
    _check_mappings(reading, value)
    check_keys(reading, root)
    for key, node in root.children():
        if key not in _KNOWN_KEYS and not key.startswith("x-"):
            reading.warn(node, f"{key[:80]!r} is not read.")
    info = reading.mapping(root.child("info"))
    name = reading.text(info.child("title"), NAME_LENGTH_MAX)
    if not name:
        reading.warn(info, f"There is no title; the name is {NAME_DEFAULT!r}.")
    schemes = read_schemes(reading, root, swagger=swagger)
    operations = read_operations(reading, root, schemes)
    about_version, about_upstream = Reading(), Reading()
    version = _version(about_version, info.child("version"))
    upstream = read_upstream(about_upstream, root, source_url, swagger=swagger)
    description = reading.text(info.child("description"), DESCRIPTION_LENGTH_MAX, lines=True)
    warnings = (*reading.finish(), *spellings.warnings(operations))
    return Imported(
        name or NAME_DEFAULT,
        description,
        version,
        upstream,
        definitions.define(operations, tuple(schemes.scopes.values())),
        warnings,
        about_version.finish(),
        about_upstream.finish(),
    )


def _is_swagger(reading: Reading, root: Node) -> bool:
    swagger, openapi = root.child("swagger"), root.child("openapi")
    if openapi.value is None and swagger.value is not None:
        if not str(swagger.value).startswith("2"):
            reading.refuse(swagger, "The Swagger version must be 2.0.")
        return True
    if not isinstance(openapi.value, str):
        reading.refuse(root, "Neither `openapi: 3.x` nor `swagger: 2.0` says what this is.")
    elif not re.match(r"3\.[012](\.|$)", openapi.value):
        if not openapi.value.startswith("3"):
            reading.refuse(openapi, "The OpenAPI version must be 3.0 or 3.1.")
        else:
            reading.warn(openapi, "This version is not known and is read as 3.1.")
    return False


def _version(reading: Reading, node: Node) -> str:
    match = _VERSION.fullmatch(node.value.strip()) if isinstance(node.value, str) else None
    if not match:
        reading.warn(node, f"No version such as 1.0; it is taken for {VERSION_DEFAULT}.")
        return VERSION_DEFAULT
    version = f"v{int(match[1])}.{int(match[2] or 0)}"
    if match[2] is None or match[3]:
        reading.warn(node, f"{node.value[:40]!r} is taken for {version}.")
    return version


def _check_mappings(reading: Reading, root: Located) -> None:
    """Warn of keys that stand twice; under `paths` and `security` they are refused elsewhere.

    Refuse a `<<` that does not merge (of JSON, quoted or tagged), as other readers may obey it.
    """
    stack, seen = [Node(root, "")], set[int]()
    while stack:
        node = stack.pop()
        if id(node.value) in seen:
            continue
        seen.add(id(node.value))
        below: list[Node] = node.items()
        if isinstance(node.value, Located):
            if "<<" in node.value:
                reading.refuse(node.child("<<"), "This key does not merge; write the keys out.")
            for key in node.value.repeated:
                _report(reading, node, key)
            below = [child for _, child in node.children() if _holds_more(child.value)]
        stack += [child for child in below if _holds_more(child.value)]


def _report(reading: Reading, node: Node, key: str) -> None:
    risky = {"", "/components/securitySchemes", "/securityDefinitions"}
    if node.pointer in risky and (node.pointer or key in ("paths", "security", "components")):
        reading.refuse(node.child(key), f"{key[:80]!r} stands here twice.")
    else:
        reading.warn(node.child(key), f"{key[:80]!r} stands here twice; the last one counts.")


def _holds_more(value: Any) -> bool:
    return isinstance(value, dict | list)
