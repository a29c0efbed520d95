"""What a client says of itself when it registers (RFC 7591 §2): read, bounded, and what is kept.

It knows no store and no token; a member that is unknown here is ignored, as §2 wants it.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from gatewright.control.auth_methods import SECRET_METHODS
from gatewright.crypto.strict_json import no_constant, single_members
from gatewright.domain import text
from gatewright.domain.authenticator import Method
from gatewright.domain.errors import GatewrightError, Invalid
from gatewright.domain.scope import scope_name

BODY_BYTES_MAX = 16_384
DEPTH_MAX = 8
SCOPES_MAX = 200
CONTACTS_MAX = 10
NAME_DEFAULT = "Registered client"

METHOD_DEFAULT, GRANT_DEFAULT = "client_secret_basic", "client_credentials"
INVALID_METADATA = "invalid_client_metadata"

_CERTIFICATE_NAMES = (
    "tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri",
    "tls_client_auth_san_ip", "tls_client_auth_san_email",
)  # fmt: skip
_KEYS = ("jwks", "jwks_uri")
_SETTINGS = {
    Method.PRIVATE_KEY_JWT: (*_KEYS, "token_endpoint_auth_signing_alg"),
    Method.TLS_CLIENT_AUTH: _CERTIFICATE_NAMES,
    Method.SELF_SIGNED_TLS_CLIENT_AUTH: _KEYS,
}
_LINES = ("software_id", "software_version")
_PAGES = ("client_uri", "logo_uri", "tos_uri", "policy_uri")
_FLAGS = ("dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens")
_OURS = (
    "registration_access_token", "registration_client_uri", "client_secret_expires_at",
    "client_id_issued_at",
)  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(eq=False)
class NotRegistrable(GatewrightError):
    """The metadata can not be registered; `error` is the code of RFC 7591 §3.2.2."""

    error: str = INVALID_METADATA
    code, status = "not-registrable", 400


@dataclass(frozen=True, slots=True)
class ClientMetadata:
    """What is registered. `scopes` None asks for no limit; `settings` are the method's own;
    `grant_types` and `method` are all that the client may use.

    `told` is what the client is shown of it, by the names of RFC 7591 §2.
    """

    name: str
    method: str
    grant_types: frozenset[str]
    scopes: frozenset[str] | None
    settings: Mapping[str, Any]
    dpop_bound: bool
    certificate_bound: bool
    told: Mapping[str, Any] = field(repr=False)


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object of a request. Raises NotRegistrable for one that two readers could read
    differently, that is too deep, or that holds control characters."""
    try:
        found = json.loads(body, object_pairs_hook=single_members, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise NotRegistrable("the body is no JSON object with each member once.") from None
    if not isinstance(found, dict):
        raise NotRegistrable("the body is no JSON object.")
    _check(found, DEPTH_MAX)
    return found


def read(
    said: Mapping[str, Any], methods: Collection[str], grant_types: Collection[str]
) -> ClientMetadata:
    """The metadata, if it can be registered here. Raises NotRegistrable naming the member."""
    _refuse_foreign(said)
    method = _text(said, "token_endpoint_auth_method") or METHOD_DEFAULT
    if method not in methods or not (method in SECRET_METHODS or method in _SETTINGS):
        raise NotRegistrable(f"{method[:80]} is not offered.", "token_endpoint_auth_method")
    grants = _grants(said, grant_types)
    told: dict[str, Any] = {
        "token_endpoint_auth_method": method,
        "grant_types": grants,
        "response_types": [],
    }
    name = _text(said, "client_name")
    if name is not None:
        told["client_name"] = _checked(lambda: text.name(name, "client_name"))
    scopes = _scopes(said)
    told |= _shown(said)
    flags = {flag: _flag(said, flag) for flag in _FLAGS}
    told |= {flag: True for flag, value in flags.items() if value}
    settings = _settings(said, method)
    told |= settings
    shown, (dpop, certificate) = told.get("client_name", NAME_DEFAULT), flags.values()
    return ClientMetadata(
        shown, method, frozenset(grants), scopes, settings, dpop, certificate, told
    )


def check_replacement(said: Mapping[str, Any], client_id: str) -> None:
    """Whether a change names its own client and nothing that is ours (RFC 7592 §2.2)."""
    if said.get("client_id") != client_id:
        raise NotRegistrable("client_id must be that of the client.", "client_id")
    for member in _OURS:
        if member in said:
            raise NotRegistrable(f"{member} is not the client's to set.", member)


def _refuse_foreign(said: Mapping[str, Any]) -> None:
    """What belongs to flows that do not exist here."""
    if said.get("redirect_uris") not in (None, []):
        reason = "there is no authorization endpoint, so there is nowhere to redirect to."
        raise NotRegistrable(reason, "redirect_uris", error="invalid_redirect_uri")
    if said.get("response_types") not in (None, []):
        raise NotRegistrable("no response type is offered.", "response_types")
    statement = said.get("software_statement")
    if isinstance(statement, str) and statement.count(".") == 2:
        reason = "software statements of this issuer are not trusted here."
        raise NotRegistrable(reason, "software_statement", error="unapproved_software_statement")
    if statement is not None:
        raise NotRegistrable(
            "it is no JWT.", "software_statement", error="invalid_software_statement"
        )


def _grants(said: Mapping[str, Any], offered: Collection[str]) -> list[str]:
    named = _texts(said, "grant_types", len(offered) + 10)
    grants = [GRANT_DEFAULT] if named is None else list(dict.fromkeys(named))
    unknown = [item for item in grants if item not in offered]
    if unknown or not grants:
        shown = f"{unknown[0][:80]} is" if unknown else "none of them is"
        raise NotRegistrable(f"{shown} not offered.", "grant_types", f"Use {', '.join(offered)}.")
    return grants


def _scopes(said: Mapping[str, Any]) -> frozenset[str] | None:
    named = _text(said, "scope")
    if named is None:
        return None
    names = frozenset(name for name in named.split(" ") if name)
    if len(names) > SCOPES_MAX:
        raise NotRegistrable(f"over {SCOPES_MAX} scopes are named.", "scope")
    return frozenset(_checked(lambda name=name: scope_name(name)) for name in names)


def _shown(said: Mapping[str, Any]) -> dict[str, Any]:
    """What has no effect and is kept for people to see."""
    found: dict[str, Any] = {}
    for member in _LINES:
        line = _text(said, member)
        if line is not None:
            found[member] = _checked(lambda line=line, member=member: text.line(line, member))
    for member in _PAGES:
        url = _text(said, member)
        if url is not None:
            found[member] = _page(url, member)
    contacts = _texts(said, "contacts", CONTACTS_MAX)
    if contacts is not None:
        found["contacts"] = [_checked(lambda it=it: text.line(it, "contacts")) for it in contacts]
    return found


def _settings(said: Mapping[str, Any], method: str) -> dict[str, Any]:
    """The members that the method reads. Their rules are the method's own."""
    found: dict[str, Any] = {}
    for member in _SETTINGS.get(Method(method), ()) if method not in SECRET_METHODS else ():
        value = said.get(member)
        if member == "jwks" and value is not None:
            if not isinstance(value, dict):
                raise NotRegistrable("must be a JWK Set.", member)
            found[member] = value
        elif value is not None:
            found[member] = _text(said, member) or ""
    return found


def _page(url: str, member: str) -> str:
    """An address that a person may be shown; never one that runs as a script."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc or len(url) > 2000:
        raise NotRegistrable("must be an http or https URL.", member)
    return url


def _flag(said: Mapping[str, Any], member: str) -> bool:
    value = said.get(member, False)
    if not isinstance(value, bool):
        raise NotRegistrable("must be true or false.", member)
    return value


def _text(said: Mapping[str, Any], member: str) -> str | None:
    value = said.get(member)
    if value is not None and not isinstance(value, str):
        raise NotRegistrable("must be a text.", member)
    return value


def _texts(said: Mapping[str, Any], member: str, count_max: int) -> list[str] | None:
    value = said.get(member)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise NotRegistrable("must be a list of texts.", member)
    if len(value) > count_max:
        raise NotRegistrable(f"holds over {count_max} texts.", member)
    return value


def _checked(rule: Any) -> Any:
    """What a rule of the domain gives, its refusal as one of this endpoint."""
    try:
        return rule()
    except Invalid as refused:
        raise NotRegistrable(refused.reason, refused.field, refused.way_out) from None


def _check(value: object, depth: int) -> None:
    if isinstance(value, str):
        if _CONTROL.search(value) or (not value.isascii() and _surrogate(value)):
            raise NotRegistrable("a text holds a control character.")
        return
    if depth == 0:
        raise NotRegistrable(f"the body is over {DEPTH_MAX} levels deep.")
    if isinstance(value, dict):
        for name, item in value.items():
            _check(name, depth)
            _check(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth - 1)


def _surrogate(value: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in value)
