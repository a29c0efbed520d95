"""An API's RouteConfiguration: its operations in match order, then what is not allowed.

A declared path with an undeclared method is 405; an undeclared path matches no route: 404.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from gatewright.domain.api import TOKEN_HEADER
from gatewright.domain.api_key import API_KEY_HEADER, TEST_KEY_HEADER
from gatewright.gateway.compile import cors, paths, rates
from gatewright.gateway.compile.upstream import REQUEST_TIMEOUT_SECONDS, cluster_name
from gatewright.gateway.ir import ApiIr, Needs, OperationIr, PlaceIr
from gatewright.gateway.policies import POLICIES
from gatewright.gateway.xds import names, shapes

Json = dict[str, Any]
Groups = dict[str, list[OperationIr]]
METADATA = "gw"
PATTERN_LENGTH_MAX = 2000
GROUPS_COMPARED_MAX = 300
_SPOOFABLE = (
    "forwarded", "x-real-ip", "true-client-ip", "x-client-ip", "x-original-url", "x-rewrite-url",
    "x-http-method-override", "x-http-method", "x-method-override", "x-accel-redirect",
    "x-envoy-external-address", "proxy-authorization",
    "client-cert", "client-cert-chain",  # RFC 9440 §4: only who ends TLS may say them
)  # fmt: skip
_CREDENTIALS = (TOKEN_HEADER, "dpop", API_KEY_HEADER, TEST_KEY_HEADER)
REMOVED_HEADERS = (*shapes.INTERNAL_HEADERS, *_CREDENTIALS, *_SPOOFABLE)
"""Never passed to an upstream: ours, the caller's credentials for us, and those by which a caller
could pose as a proxy."""


def place(item: PlaceIr) -> Json:
    """The scope that leads from an address to an API's routes."""
    fragments = (item.environment_id, item.context.removeprefix("/"), item.version)
    return {
        "@type": names.SCOPE,
        "name": item.name,
        "route_configuration_name": item.api_key,
        "key": {"fragments": [{"string_key": fragment} for fragment in fragments]},
    }


def route_configuration(api: ApiIr) -> Json:
    """Everything of one API in one environment, and of nothing else."""
    routes = [_blocked(api)] if api.blocked else list(_routes(api))
    host = {
        "name": "api",
        "domains": ["*"],
        "routes": routes,
        "metadata": {
            "filter_metadata": {METADATA: {"challenge": _challenge(api), **_told_of(_most(api))}}
        },
        "typed_per_filter_config": _per_api(api),
        "response_headers_to_add": _told(api),
        **rates.of_api(api),
    }
    return {
        "@type": names.ROUTES,
        "name": api.key,
        "virtual_hosts": [host],
        "request_headers_to_remove": _removed(api),
    }


def _removed(api: ApiIr) -> list[str]:
    return list(dict.fromkeys((*REMOVED_HEADERS, api.entrance.token_header)))


def _told(api: ApiIr) -> list[Json]:
    """On every answer, where the upstream has not said it itself."""
    return [
        {"header": {"key": key, "value": value}, "append_action": "ADD_IF_ABSENT"}
        for key, value in (*cors.READABLE, *api.notices)
    ]


def _challenge(api: ApiIr) -> str:
    """What every challenge of the API ends with (RFC 9728 §5.1)."""
    return f', resource_metadata="{api.metadata_url}"'


def _per_api(api: ApiIr) -> Json:
    configs = ((item.filter_name(api.environment_id), item.per_api(api)) for item in POLICIES)
    return {name: config for name, config in configs if config}


def _no_policy(api: ApiIr) -> Json:
    """For answers of the gateway's own that tell nothing of the upstream."""
    return dict.fromkeys(_per_api(api), names.DISABLED)


def _routes(api: ApiIr) -> Iterator[Json]:
    """Literal paths first, as they are written: they cost no pattern, and nothing is nearer."""
    if not all(operation.anonymous for operation in api.operations):
        yield _disguised(api)
    if not any(operation.method == "OPTIONS" for operation in api.operations):
        yield _preflight(api)
    groups = _by_shape(api.operations)
    for group in groups.values():
        for operation in group:
            yield from _exact(api, operation)
    shapes_of = list(groups)
    late: dict[str, list[str]] = {}
    for position, group in enumerate(groups.values()):
        templated = not paths.is_literal(group[0].path)
        extras = templated and not _meets_another(shapes_of, position)
        for operation in group:
            yield from _patterned(api, operation, extras=extras)
        allow = ", ".join(dict.fromkeys(item.method for item in group))
        if _shadowed(groups, position):
            yield _not_allowed(api, allow, [_tail(group[0].path, extras=extras)])
        else:
            late.setdefault(allow, []).append(paths.rough(group[0].path))
    for allow, tails in late.items():
        for chunk in _chunks(tails):
            route = _not_allowed(api, allow, chunk)
            # What is roughly such a path, called by a method it has, is an undeclared path.
            route["match"]["headers"] = [_method(name, is_not=True) for name in allow.split(", ")]
            yield route


def _chunks(tails: list[str]) -> Iterator[list[str]]:
    """Patterns stay well below the size up to which Envoy compiles them."""
    chunk: list[str] = []
    for tail in tails:
        if chunk and sum(map(len, chunk)) + len(tail) > PATTERN_LENGTH_MAX:
            yield chunk
            chunk = []
        chunk.append(tail)
    if chunk:
        yield chunk


def _by_shape(operations: Iterable[OperationIr]) -> Groups:
    """Operations by canonical path, in match order, those of literal paths first."""
    groups: Groups = {}
    for operation in sorted(operations, key=lambda item: not paths.is_literal(item.path)):
        groups.setdefault(paths.canonical(operation.path), []).append(operation)
    return groups


def _shadowed(groups: Groups, position: int) -> bool:
    """Whether a later template would take over a method that this, nearer, path lacks."""
    if len(groups) > GROUPS_COMPARED_MAX:
        return True
    (path, group), *later = list(groups.items())[position:]
    methods = {item.method for item in group}
    return any(
        {item.method for item in others} - methods and paths.overlaps(path, other)
        for other, others in later
    )


def _meets_another(shapes_of: list[str], position: int) -> bool:
    """Whether some call might be meant for another path than this one."""
    path = shapes_of[position]
    if len(shapes_of) > GROUPS_COMPARED_MAX:
        return True
    return any(paths.overlaps(path, other) for other in shapes_of if other != path)


def _exact(api: ApiIr, operation: OperationIr) -> Iterator[Json]:
    """Below each base, the path as it is written."""
    path, upstream = paths.normal(operation.path), api.upstream.path
    for base in api.bases:
        if path in ("/", "/*"):  # the base itself, without a slash, is the root too
            yield _forward(api, operation, {"path": base}, {"prefix_rewrite": upstream + "/"})
        if paths.is_literal(path):
            rewrite = {"prefix_rewrite": upstream + path}
            yield _forward(api, operation, {"path": base + path}, rewrite)


def _patterned(api: ApiIr, operation: OperationIr, *, extras: bool) -> Iterator[Json]:
    """A template, or the other spellings of a literal path: its upstream sees the written one."""
    path, upstream = paths.normal(operation.path), api.upstream.path
    bases = paths.one_of(api.bases)
    literal = paths.is_literal(path)
    if literal and not paths.has_spellings(path):
        return
    regex = bases + paths.pattern(path, extras=extras)
    rewrite = (f"^{regex}$", upstream + path) if literal else (f"^{bases}", upstream)
    action = {"pattern": {"regex": rewrite[0]}, "substitution": rewrite[1]}
    yield _forward(api, operation, {"safe_regex": {"regex": regex}}, {"regex_rewrite": action})


def _forward(api: ApiIr, operation: OperationIr, match: Json, rewrite: Json) -> Json:
    action: Json = {
        "cluster": cluster_name(api.upstream),
        "host_rewrite_literal": api.upstream.authority,
        "timeout": f"{REQUEST_TIMEOUT_SECONDS}s",
        **rewrite,
        **rates.of_operation(api, operation),
    }
    return {
        "name": _name(api, f"{operation.method} {operation.path}"),
        "match": {**match, "headers": [_method(operation.method)]},
        "route": action,
        **_metadata(api, operation),
        **_per_operation(api, operation),
    }


def _tail(path: str, *, extras: bool) -> str:
    normal = paths.normal(path)
    regex = paths.pattern(normal, extras=extras)
    return {"/": "/?", "/*": f"(?:{regex})?"}.get(normal, regex)


def _not_allowed(api: ApiIr, allow: str, tails: list[str]) -> Json:
    regex = f"{paths.one_of(api.bases)}(?:{'|'.join(tails)})"
    return {
        "name": _name(api, "-"),
        "match": {"safe_regex": {"regex": regex}},
        "direct_response": {"status": 405},
        "response_headers_to_add": [{"header": {"key": "allow", "value": allow}}],
        "typed_per_filter_config": _no_policy(api),
    }


def _disguised(api: ApiIr) -> Json:
    """A token behind a scheme that is none of ours, as a token is what follows the first space.
    Of an ordinary call only the first seven characters are read; no pattern, as each API has it."""
    name = api.entrance.token_header
    ours = ("Bearer", "DPoP") if name == TOKEN_HEADER else ("Bearer",)
    schemes = [{"prefix": f"{scheme} ", "ignore_case": True} for scheme in ours]
    # Base64 holds no dot, so that no user's name and password look like a token.
    looks = [{"contains": "eyJ"}, {"contains": "."}]
    return {
        "name": _name(api, "-"),
        "match": {
            "prefix": "/",
            "headers": [
                *({"name": name, "string_match": it, "invert_match": True} for it in schemes),
                *({"name": name, "string_match": it} for it in looks),
            ],
        },
        "direct_response": {"status": 401},
        "typed_per_filter_config": _no_policy(api),
    }


def _preflight(api: ApiIr) -> Json:
    """An API that declares OPTIONS itself answers browsers itself."""
    return {
        "name": _name(api, "-"),
        "match": cors.question(),
        "direct_response": {"status": cors.STATUS},
        "typed_per_filter_config": _no_policy(api),
    }


def _blocked(api: ApiIr) -> Json:
    return {
        "name": _name(api, "-"),
        "match": {"prefix": "/"},
        "direct_response": {"status": 503},
        "typed_per_filter_config": _no_policy(api),
    }


def _name(api: ApiIr, operation: str) -> str:
    """What the usage counters call it; the parts never hold a bar."""
    return f"{api.organization}|{api.reference}|{operation}"


def _method(method: str, *, is_not: bool = False) -> Json:
    match = {"name": ":method", "string_match": {"exact": method}}
    return {**match, "invert_match": True} if is_not else match


def _per_operation(api: ApiIr, operation: OperationIr) -> Json:
    configs = (
        (item.filter_name(api.environment_id), item.per_operation(api, operation))
        for item in POLICIES
    )
    found = {name: config for name, config in configs if config}
    return {"typed_per_filter_config": found} if found else {}


def _metadata(api: ApiIr, operation: OperationIr) -> Json:
    """What a refusal for scopes tells, where it differs from what is told of most operations."""
    values = _told_of(operation.needs)
    if not operation.needs:
        values = {"scope": "", "needs": "an API key"}
    if operation.anonymous:
        return {}
    if not values or values == _told_of(_most(api)):
        return {}
    return {"metadata": {"filter_metadata": {METADATA: values}}}


def _most(api: ApiIr) -> Needs:
    """The needs that most operations have, the first of several: a route with metadata of its own
    weighs half as much again."""
    counted = Counter(item.needs for item in api.operations if not item.anonymous)
    return counted.most_common(1)[0][0] if counted else ()


def _told_of(needs: Needs) -> dict[str, str]:
    """All scopes, and how they may be combined."""
    named = [[spellings[0] for spellings in item] for item in needs if item]
    if not named:
        return {}
    challenge = " ".join(sorted({name for item in named for name in item}))
    sentence = ", or ".join(" and ".join(item) for item in named)
    return {"scope": challenge, "needs": sentence}
