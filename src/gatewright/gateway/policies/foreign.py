"""Says what the verified claims of a key manager's token mean here: who calls, with which scopes.

It runs for those tokens alone. A subject is the key manager's id, a bar, and the client that its
claim names; without that claim there is none, and whoever has no subject is refused.
"""

import re
from typing import Any

from gatewright.gateway.ir import ApiIr, EnvironmentIr, IssuerIr, OperationIr
from gatewright.gateway.xds import names, shapes

ID_TOKEN = "id-token"
"""What an ID token is for: no API, so that `audience` refuses it."""

UNREADABLE = '"'
"""Stands for scopes of no known form: no scope fits it."""

PRINTABLE = "^[ -~\x80-\U0010ffff]+$"
"""What names a client: at least one character, none of control."""

_METADATA = "envoy.filters.http.jwt_authn"
_HEADER_MUTATION = names.FILTERS + "header_mutation.v3.HeaderMutation"
_SPECIAL = re.compile(r"[^A-Za-z0-9_ .:/|-]")

Json = dict[str, Any]


def filter_name(environment_id: str) -> str:
    """Told by discovery: a changed key manager re-sends no API."""
    return f"foreign/{environment_id}"


def http_filter(environment: EnvironmentIr) -> Json:
    """Reads its configuration by discovery."""
    discovery = {"config_source": names.ADS_FILTER, "type_urls": [shapes.MATCHED_FILTER]}
    return {"name": filter_name(environment.id), "config_discovery": discovery}


def extensions(environment: EnvironmentIr) -> dict[str, Json]:
    """By the issuer that was verified; without key managers the filter is skipped unread."""
    readers = {item.issuer: shapes.run(_reader(item)) for item in environment.issuers}
    matcher = None
    if readers:
        tree = {"input": shapes.header(shapes.HEADER_ISSUER), "exact_match_map": {"map": readers}}
        matcher = {"matcher_tree": tree, "on_no_match": shapes.SKIP}
    config = shapes.matched("foreign", {"@type": shapes.COMPOSITE}, matcher)
    return {filter_name(environment.id): config}


def per_api(api: ApiIr) -> Json | None:
    """Nothing differs by API."""
    return None


def per_operation(api: ApiIr, operation: OperationIr) -> Json | None:
    """Nothing differs by operation: an anonymous one has no token verified."""
    return None


def _reader(issuer: IssuerIr) -> Json:
    """Headers from claims, one after the other; an empty text changes nothing."""
    texts = [
        (shapes.HEADER_SCOPE, _roles(issuer) + _scopes(issuer)),
        (shapes.HEADER_SCOPE, _if(_has_odd_scopes(issuer), _quoted(UNREADABLE))),
        (shapes.HEADER_SUBJECT, _subject(issuer, bound=False)),
        (shapes.HEADER_BOUND, _subject(issuer, bound=True)),
        (shapes.HEADER_AUDIENCE, _if(_is_id_token(issuer), _quoted(ID_TOKEN))),
    ]
    mutations: list[Json] = [{"remove": shapes.HEADER_ISSUER}]
    for name, text in texts:
        header = {"key": name, "value": text}
        mutations.append(
            {"append": {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}}
        )
    config = {"@type": _HEADER_MUTATION, "mutations": {"request_mutations": mutations}}
    return {"name": "foreign", "typed_config": config}


def _subject(issuer: IssuerIr, *, bound: bool) -> str:
    """With any `cnf` it is what `bound` asks a proof for (RFC 7800 §3): never a bearer's. No client
    has control characters in its name, which could break lines of counters."""
    client = _claim(issuer, issuer.client_claim)
    confirmed = _has(issuer, ("cnf",))
    wanted = confirmed if bound else f"!({confirmed})"
    is_named = f"type({client}) == string && {client}.matches({_quoted(PRINTABLE)}) && {wanted}"
    return _if(is_named, _quoted(f"{issuer.id}|")) + _if(is_named, client)


def _scopes(issuer: IssuerIr) -> str:
    """A text as it is, a list as JSON. Envoy's only way to write a list takes no colon in names."""
    if any(":" in part for part in issuer.scope_claim):
        claim = _claim(issuer, issuer.scope_claim)
        return _if(f"type({claim}) == string", claim)
    return f"%DYNAMIC_METADATA({':'.join((_METADATA, issuer.id, *issuer.scope_claim))})%"


def _has_odd_scopes(issuer: IssuerIr) -> str:
    """Neither a list nor a text without quotes, in which no list can be mistaken for a text."""
    claim = _claim(issuer, issuer.scope_claim)
    is_text = f"type({claim}) == string && !{claim}.contains({_quoted(UNREADABLE)})"
    return f"!(type({claim}) == list || {claim} == null || {is_text})"


def _roles(issuer: IssuerIr) -> str:
    """The scopes of each role that the token has: in a list, as the whole text, or a word of it."""
    claim = _claim(issuer, issuer.role_claim)
    texts = []
    for role, scopes in issuer.role_scopes:
        name, before, behind = _quoted(role), _quoted(f"{role} "), _quoted(f" {role}")
        is_word = (
            f"{claim} == {name} || {claim}.startsWith({before})"
            f" || {claim}.endsWith({behind}) || {claim}.contains({_quoted(f' {role} ')})"
        )
        is_item = f"type({claim}) == list && {name} in {claim}"
        has_role = f"(type({claim}) == string ? ({is_word}) : {is_item})"
        texts.append(_if(has_role, _quoted(f"{scopes} ")))
    return "".join(texts)


def _is_id_token(issuer: IssuerIr) -> str:
    """OpenID Connect Core 1.0 §3.1.3.6 and §3.3.2.11; Keycloak's `typ`; and what answers a login's
    nonce without being for any scope."""
    has_nonce = _has(issuer, ("nonce",))
    scopes = _claim(issuer, issuer.scope_claim)
    is_empty = (
        f"type({scopes}) == null_type"
        f" || ((type({scopes}) == string || type({scopes}) == list) && size({scopes}) == 0)"
    )
    is_scopeless = f"(!({_has(issuer, issuer.scope_claim)}) || {is_empty})"
    said = " || ".join((_has(issuer, ("at_hash",)), _has(issuer, ("c_hash",))))
    typ = _claim(issuer, ("typ",))
    return f"{said} || ({has_nonce} && {is_scopeless}) || {typ} == 'ID'"


def _claim(issuer: IssuerIr, path: tuple[str, ...]) -> str:
    """An expression for the claim, an error where it is absent: then all of its text is empty."""
    steps = "".join(f"[{_quoted(part)}]" for part in (_METADATA, issuer.id, *path))
    return f"metadata.filter_metadata{steps}"


def _has(issuer: IssuerIr, path: tuple[str, ...]) -> str:
    return f"{_quoted(path[-1])} in {_claim(issuer, path[:-1])}"


def _if(condition: str, then: str) -> str:
    """A text of Envoy's formatter: `then` where the condition holds, and else nothing."""
    return f"%CEL({condition} ? {then} : '')%"


def _quoted(text: str) -> str:
    """A text in CEL. What is special is escaped, so that no parser on the way to it, such as that
    of the formatter, can see an end of its own in there."""
    return "'" + _SPECIAL.sub(lambda match: f"\\U{ord(match[0]):08x}", text) + "'"
