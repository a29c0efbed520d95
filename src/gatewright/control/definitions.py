"""The rules of a whole definition: what may stand side by side, its order, its digest."""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from gatewright.control.findings import Finding, refuse
from gatewright.domain import text
from gatewright.domain.api import OPERATIONS_MAX, Access, Definition
from gatewright.domain.errors import Invalid
from gatewright.domain.operation import (
    ANY_TOKEN,
    METHODS,
    SCOPES_PER_OPERATION_MAX,
    Alternatives,
    Operation,
    match_order,
    path_template,
)
from gatewright.domain.scope import Scope, scope_name

SCOPES_MAX = 2000
ALTERNATIVES_MAX = 100
USUAL_ACCESS = Access()
_PARAMETER = re.compile(r"\{[^{}/]*\}")
_HEX = re.compile(r"%[0-9A-Fa-f]{2}")


def define(
    operations: Sequence[Operation], scopes: Sequence[Scope], access: Access = USUAL_ACCESS
) -> Definition:
    """A definition in the order of matching, checked whole. Raises Refused with every finding.

    `access` was checked where it was set (`control.access`).
    """
    findings = [*_sizes(operations, scopes), *_scope_findings(scopes)]
    known = {scope.name for scope in scopes}
    seen: dict[tuple[str, str], int] = {}
    for position, operation in enumerate(operations):
        findings += _operation_findings(operation, known)
        twin = seen.setdefault((operation.method, shape(operation.path)), position)
        if twin != position:
            message = f"It matches the same calls as {operations[twin].path}."
            findings.append(Finding(operation.key, message))
    refuse(findings, "operations", "Correct these operations, then send the whole list again.")
    return Definition(
        tuple(sorted(operations, key=lambda item: (match_order(item.path), item.method))),
        tuple(sorted(scopes, key=lambda scope: scope.name)),
        access,
    )


def _sizes(operations: Sequence[Operation], scopes: Sequence[Scope]) -> list[Finding]:
    findings = []
    if len(operations) > OPERATIONS_MAX:
        findings.append(Finding("operations", f"There are over {OPERATIONS_MAX}."))
    if len(scopes) > SCOPES_MAX:
        findings.append(Finding("scopes", f"There are over {SCOPES_MAX}."))
    return findings


def _scope_findings(scopes: Sequence[Scope]) -> list[Finding]:
    findings, names = [], set()
    for scope in scopes:
        try:
            scope_name(scope.name)
            text.description(scope.description, f"description of {scope.name}")
        except Invalid as error:
            findings.append(Finding("scopes", f"{error.field}: {error.reason}"))
        if scope.name in names:
            findings.append(Finding("scopes", f"{scope.name} is defined twice."))
        names.add(scope.name)
    return findings


def _operation_findings(operation: Operation, known: set[str]) -> list[Finding]:
    findings = []
    if operation.method not in METHODS:
        findings.append(Finding(operation.key, f"The method must be one of {', '.join(METHODS)}."))
    try:
        path_template(operation.path)
        text.line(operation.summary, "summary")
        text.line(operation.operation_id, "operation_id")
    except Invalid as error:
        findings.append(Finding(operation.key, f"{error.field}: {error.reason}"))
    if not operation.alternatives and not operation.anonymous and not operation.api_key:
        findings.append(Finding(operation.key, "No alternative: nobody could call it."))
    if len(operation.alternatives) > ALTERNATIVES_MAX:
        findings.append(Finding(operation.key, f"It has over {ALTERNATIVES_MAX} alternatives."))
    if len(operation.scopes) > SCOPES_PER_OPERATION_MAX:
        findings.append(Finding(operation.key, f"It has over {SCOPES_PER_OPERATION_MAX} scopes."))
    findings += [
        Finding(operation.key, f"The scope {name[:80]!r} is not defined.")
        for name in sorted(operation.scopes - known)
    ]
    return findings


def normal_alternatives(alternatives: Sequence[frozenset[str]]) -> Alternatives:
    """Without repetitions; when one set is empty it alone says all: any token will do."""
    if any(not item for item in alternatives):
        return ANY_TOKEN
    return tuple(dict.fromkeys(alternatives))


def shape(path: str) -> str:
    """The path with its parameters' names left out; two paths of one shape match the same calls."""
    return _HEX.sub(lambda match: match[0].upper(), _PARAMETER.sub("{}", path))


def digest(definition: Definition) -> str:
    """SHA-256, in hex, of the definition's canonical JSON; the usual access is left out."""
    content: dict[str, Any] = {
        "operations": [_content(item) for item in definition.operations],
        "scopes": [[scope.name, scope.description] for scope in definition.scopes],
    }
    access = definition.access
    if access != USUAL_ACCESS:
        managers = access.key_managers
        content["access"] = {
            "token_header": access.token_header,
            "subscription_required": access.subscription_required,
            "api_keys": access.api_keys,
            "key_managers": None if managers is None else sorted(managers),
        }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _content(operation: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {
        "method": operation.method,
        "path": operation.path,
        "summary": operation.summary,
        "operation_id": operation.operation_id,
        "anonymous": operation.anonymous,
        "alternatives": [sorted(scopes) for scopes in operation.alternatives],
    }
    return content | ({"api_key": True} if operation.api_key else {})
