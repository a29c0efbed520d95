"""What a document says about who may call: schemes, their scopes, and security requirements.

The gateway takes access tokens and nothing else, so that every scheme becomes "a token"; what is
neither clear nor safe to guess is refused.
"""

import re
from dataclasses import dataclass, field

from gatewright.control.definitions import ALTERNATIVES_MAX, normal_alternatives
from gatewright.control.openapi.reading import Node, Reading
from gatewright.control.openapi.references import follow
from gatewright.control.openapi.text import Located
from gatewright.domain.errors import Invalid
from gatewright.domain.operation import ANY_TOKEN, Alternatives
from gatewright.domain.scope import Scope, scope_name

DESCRIPTION_LENGTH_MAX = 2000
_EXTENSION = re.compile(r"x-.*(?:auth(?!or)|secur|scope)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Needed:
    """What one operation, or the whole document, asks for; `remarks` are told at each use."""

    alternatives: Alternatives
    anonymous: bool
    remarks: tuple[str, ...] = ()
    scope_count: int = 0


@dataclass
class Schemes:
    """The schemes by name with whether each carries tokens, and the scopes known so far.

    `needed` and `defined` remember by identity what was read, as aliases and references lead to
    the same place many times.
    """

    takes_tokens: dict[str, bool] = field(default_factory=dict)
    scopes: dict[str, Scope] = field(default_factory=dict)
    needed: dict[int, Needed] = field(default_factory=dict)
    defined: set[int] = field(default_factory=set)


def check_keys(reading: Reading, node: Node) -> None:
    """Refuse what was meant as `security` and is not; tell of extensions that are not obeyed."""
    for key, child in node.children():
        if key != "security" and key.strip().casefold() == "security":
            reading.refuse(child, f"{key[:80]!r} is no key of OpenAPI; write `security`.")
        elif _EXTENSION.match(key):
            reading.warn(child, f"{key[:80]!r} is not obeyed; say it with `security`.")


def read_schemes(reading: Reading, root: Node, *, swagger: bool) -> Schemes:
    """The document's security schemes and the scopes that they define."""
    schemes = Schemes()
    components = reading.mapping(root.child("components"))
    node = root.child("securityDefinitions") if swagger else components.child("securitySchemes")
    for name, child in reading.mapping(node).children():
        scheme, trouble = follow(root, child)
        if trouble:
            reading.warn(child, f"{trouble} The scheme is treated as any token.")
        kind = scheme.child("type").value
        schemes.takes_tokens[name] = _takes_tokens(scheme, kind)
        if kind == "oauth2" and id(scheme.value) not in schemes.defined:
            schemes.defined.add(id(scheme.value))
            flows = [scheme] if swagger else [flow for _, flow in scheme.child("flows").children()]
            for flow in flows:
                _define(reading, schemes, flow.child("scopes"))
    return schemes


def _takes_tokens(scheme: Node, kind: object) -> bool:
    carrier = scheme.child("scheme").value
    bearer = isinstance(carrier, str) and carrier.lower() == "bearer"
    return kind in ("oauth2", "openIdConnect") or (kind == "http" and bearer)


def _define(reading: Reading, schemes: Schemes, scopes: Node) -> None:
    if id(scopes.value) in schemes.defined:
        return
    schemes.defined.add(id(scopes.value))
    for name, node in reading.mapping(scopes).children():
        try:
            scope_name(name)
        except Invalid as error:
            reading.warn(node, f"{error.reason} It was left out.")
            continue
        text = reading.text(node, DESCRIPTION_LENGTH_MAX, lines=True)
        known = schemes.scopes.get(name)
        if known is None or not known.description:
            schemes.scopes[name] = Scope(name, text)


def read_default(reading: Reading, root: Node, schemes: Schemes) -> Needed:
    """What the document asks for where an operation says nothing."""
    if root.has("security"):
        return read_needed(reading, root.child("security"), schemes)
    return Needed(ANY_TOKEN, anonymous=False)


def read_needed(reading: Reading, node: Node, schemes: Schemes) -> Needed:
    """One `security` list: any one requirement suffices, each needed whole."""
    if not isinstance(node.value, list):
        reading.refuse(node, "`security` must be a list of requirements.")
        return Needed(ANY_TOKEN, anonymous=False)
    needed = schemes.needed.get(id(node.value))
    if needed is None:
        needed = schemes.needed[id(node.value)] = _requirements(reading, node, schemes)
    for remark in needed.remarks:
        reading.warn(node, remark)
    return needed


def _requirements(reading: Reading, node: Node, schemes: Schemes) -> Needed:
    requirements = node.items()
    if not requirements or any(item.value == {} for item in requirements):
        remark = "Anonymous: calls pass without token and subscription."
        return Needed(ANY_TOKEN, anonymous=True, remarks=(remark,))
    if len(requirements) > ALTERNATIVES_MAX:
        reading.refuse(node, f"There are over {ALTERNATIVES_MAX} alternatives.")
        return Needed(ANY_TOKEN, anonymous=False)
    alternatives = [_requirement(reading, item, schemes) for item in requirements]
    normal = normal_alternatives(alternatives)
    remarks: tuple[str, ...] = ()
    if normal == ANY_TOKEN and any(alternatives):
        remarks = ("One alternative asks for no scope, so that any token will do.",)
    scopes = frozenset[str]().union(*normal)
    return Needed(normal, anonymous=False, remarks=remarks, scope_count=len(scopes))


def _requirement(reading: Reading, node: Node, schemes: Schemes) -> frozenset[str]:
    if not isinstance(node.value, Located):
        reading.refuse(node, "A security requirement must be a mapping.")
        return frozenset()
    needed: set[str] = set()
    for name, scopes in node.children():
        if name not in schemes.takes_tokens:
            reading.refuse(scopes, f"The security scheme {name[:80]!r} is not defined.")
        elif not schemes.takes_tokens[name]:
            reading.warn(scopes, f"The scheme {name[:80]!r} is treated as any access token.")
        if not isinstance(scopes.value, list):
            reading.refuse(scopes, "The scopes of a requirement must be a list.")
        for item in scopes.items():
            needed |= _scope(reading, item, schemes)
    return frozenset(needed)


def _scope(reading: Reading, node: Node, schemes: Schemes) -> set[str]:
    try:
        name = scope_name(node.value if isinstance(node.value, str) else "")
    except Invalid as error:
        reading.refuse(node, error.reason)
        return set()
    if name not in schemes.scopes:
        reading.warn(node, f"The scope {name!r} was not defined and is defined now.")
        schemes.scopes[name] = Scope(name)
    return {name}
