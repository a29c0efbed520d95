"""What a document says about who may call: schemes, their scopes, and security requirements.

The gateway takes access tokens, and API keys in a header of its own. Every other scheme becomes "a
token", with a warning and the way out; what is neither clear nor safe to guess is refused.
"""

import re
from dataclasses import dataclass, field

from gatewright.control.definitions import ALTERNATIVES_MAX, normal_alternatives
from gatewright.control.openapi.reading import Node, Reading
from gatewright.control.openapi.references import follow
from gatewright.control.openapi.text import Located
from gatewright.domain.api_key import API_KEY_HEADER
from gatewright.domain.errors import Invalid
from gatewright.domain.operation import ANY_TOKEN, Alternatives
from gatewright.domain.scope import Scope, scope_name

DESCRIPTION_LENGTH_MAX = 2000
TOKEN, API_KEY = "token", "API key"
_EXTENSION = re.compile(r"x-.*(?:auth(?!or)|secur|scope)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Needed:
    """What one operation, or the whole document, asks for; `remarks` are told at each use.

    With `api_key` an API key is one more alternative; without any other it is the only one.
    """

    alternatives: Alternatives
    anonymous: bool
    api_key: bool = False
    remarks: tuple[str, ...] = ()
    scope_count: int = 0


@dataclass(frozen=True, slots=True)
class Scheme:
    """What a scheme is taken for, TOKEN or API_KEY, and what has to be told where it is used."""

    kind: str
    remark: str = ""


@dataclass
class Schemes:
    """The schemes by name with what each is taken for, and the scopes known so far.

    `needed` and `defined` remember by identity what was read, as aliases and references lead to
    the same place many times.
    """

    by_name: dict[str, Scheme] = field(default_factory=dict)
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
        schemes.by_name[name] = _scheme(scheme, kind, name)
        if kind == "oauth2" and id(scheme.value) not in schemes.defined:
            schemes.defined.add(id(scheme.value))
            flows = [scheme] if swagger else [flow for _, flow in scheme.child("flows").children()]
            for flow in flows:
                _define(reading, schemes, flow.child("scopes"))
    return schemes


def _scheme(scheme: Node, kind: object, name: str) -> Scheme:
    carrier = scheme.child("scheme").value
    bearer = isinstance(carrier, str) and carrier.lower() == "bearer"
    if kind in ("oauth2", "openIdConnect") or (kind == "http" and bearer):
        return Scheme(TOKEN)
    kind, place, header = (
        value if isinstance(value, str) else ""
        for value in (kind, scheme.child("in").value, scheme.child("name").value)
    )
    if kind == "apiKey" and place == "header" and header:
        if header.strip().lower() == API_KEY_HEADER:
            return Scheme(API_KEY)
        if header.strip().lower() != "authorization":
            remark = f"API keys belong in the header `{API_KEY_HEADER}` here, not {header[:80]!r}."
            return Scheme(API_KEY, remark)
    reason = _REASONS.get((kind, place)) or _REASONS.get(kind, "")
    return Scheme(TOKEN, f"The scheme {name[:80]!r} is treated as any access token.{reason}")


_HEADER_ONLY = f" API keys are taken in the header `{API_KEY_HEADER}` only: write `in: header`."
_REASONS: dict[object, str] = {
    "basic": " The gateway takes no user names and passwords.",  # Swagger 2.0's own type
    "http": " Of HTTP's schemes the gateway takes Bearer only.",
    "mutualTLS": " The gateway asks callers for no certificate; tokens may be bound to one.",
    ("apiKey", "query"): _HEADER_ONLY,
    ("apiKey", "cookie"): _HEADER_ONLY,
    ("apiKey", "header"): " A key in Authorization is a token; write `type: http, scheme: bearer`.",
}


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
    found = [_requirement(reading, item, schemes) for item in requirements]
    alternatives = [item for item in found if item is not None]
    normal = normal_alternatives(alternatives)
    remarks: tuple[str, ...] = ()
    if normal == ANY_TOKEN and any(alternatives):
        remarks = ("One alternative asks for no scope, so that any token will do.",)
    scopes = frozenset[str]().union(*normal)
    keys = len(alternatives) < len(found)
    return Needed(normal, anonymous=False, api_key=keys, remarks=remarks, scope_count=len(scopes))


def _requirement(reading: Reading, node: Node, schemes: Schemes) -> frozenset[str] | None:
    """The scopes that a token needs; None where it is an API key that is asked for."""
    if not isinstance(node.value, Located):
        reading.refuse(node, "A security requirement must be a mapping.")
        return frozenset()
    needed: set[str] = set()
    kinds: set[str] = set()
    for name, scopes in node.children():
        scheme = schemes.by_name.get(name, Scheme(TOKEN))
        kinds.add(scheme.kind)
        if name not in schemes.by_name:
            reading.refuse(scopes, f"The security scheme {name[:80]!r} is not defined.")
        elif scheme.remark:
            reading.warn(scopes, scheme.remark)
        if not isinstance(scopes.value, list):
            reading.refuse(scopes, "The scopes of a requirement must be a list.")
        elif scopes.value and scheme.kind == API_KEY:
            reading.refuse(scopes, "An API key is asked for no scopes here; leave the list empty.")
        for item in scopes.items():
            needed |= _scope(reading, item, schemes)
    if len(kinds) > 1:
        reading.refuse(
            node,
            "A token and an API key together can not be asked for: the gateway decides by one of"
            " them. Leave one out, or write them as two alternatives.",
        )
    return None if kinds == {API_KEY} else frozenset(needed)


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
