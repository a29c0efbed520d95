"""An API's RouteConfiguration: its operations in match order, then what is not allowed.

A declared path with an undeclared method is 405; an undeclared path matches no route: 404.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from gatewright.gateway.compile import paths
from gatewright.gateway.compile.upstream import REQUEST_TIMEOUT_SECONDS, cluster_name
from gatewright.gateway.ir import ApiIr, OperationIr, PlaceIr
from gatewright.gateway.policies import POLICIES
from gatewright.gateway.xds import names, shapes

Json = dict[str, Any]
METADATA = "gw"
PATTERN_LENGTH_MAX = 2000
GROUPS_COMPARED_MAX = 300
_SPOOFABLE = (
    "x-forwarded-host", "forwarded", "x-real-ip", "x-original-url", "x-rewrite-url",
    "x-http-method-override", "x-http-method", "x-method-override", "x-envoy-external-address",
)  # fmt: skip
REMOVED_HEADERS = (*shapes.INTERNAL_HEADERS, *_SPOOFABLE)
"""Never passed to an upstream: ours, and those by which a caller could pose as a proxy."""


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
        "typed_per_filter_config": _per_api(api),
    }
    return {
        "@type": names.ROUTES,
        "name": api.key,
        "virtual_hosts": [host],
        "request_headers_to_remove": list(REMOVED_HEADERS),
    }


def _per_api(api: ApiIr) -> Json:
    configs = ((item.filter_name(api.environment_id), item.per_api(api)) for item in POLICIES)
    return {name: config for name, config in configs if config}


def _no_policy(api: ApiIr) -> Json:
    """For answers of the gateway's own that tell nothing of the upstream."""
    return dict.fromkeys(_per_api(api), names.DISABLED)


def _routes(api: ApiIr) -> Iterator[Json]:
    groups = _by_pattern(api.operations)
    late: dict[str, list[str]] = {}
    for position, group in enumerate(groups):
        for operation in group:
            yield from _operation_routes(api, operation)
        allow = ", ".join(dict.fromkeys(item.method for item in group))
        if _shadowed(groups, position):
            yield _not_allowed(api, allow, [_tail(group[0].path)])
        else:
            late.setdefault(allow, []).append(_tail(group[0].path))
    for allow, tails in late.items():
        for chunk in _chunks(tails):
            yield _not_allowed(api, allow, chunk)


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


def _by_pattern(operations: Iterable[OperationIr]) -> list[list[OperationIr]]:
    groups: dict[str, list[OperationIr]] = {}
    for operation in operations:
        groups.setdefault(paths.pattern(paths.normal(operation.path)), []).append(operation)
    return list(groups.values())


def _shadowed(groups: list[list[OperationIr]], position: int) -> bool:
    """Whether a later template would take over a method that this, nearer, path lacks."""
    if len(groups) > GROUPS_COMPARED_MAX:
        return True
    path, methods = groups[position][0].path, {item.method for item in groups[position]}
    later = (
        other
        for other in groups[position + 1 :]
        if not (paths.is_literal(path) and paths.is_literal(other[0].path))
    )
    return any(
        {item.method for item in other} - methods and paths.overlaps(path, other[0].path)
        for other in later
    )


def _operation_routes(api: ApiIr, operation: OperationIr) -> Iterator[Json]:
    path = paths.normal(operation.path)
    for match, rewrite in _matches(api, path):
        action: Json = {
            "cluster": cluster_name(api.upstream),
            "host_rewrite_literal": api.upstream.authority,
            "timeout": f"{REQUEST_TIMEOUT_SECONDS}s",
            **rewrite,
        }
        yield {
            "name": _name(api, f"{operation.method} {operation.path}"),
            "match": {**match, "headers": [_method(operation.method)]},
            "route": action,
            **({"request_headers_to_remove": ["authorization"]} if operation.anonymous else {}),
            **_metadata(operation),
            **_per_operation(api, operation),
        }


def _matches(api: ApiIr, path: str) -> Iterator[tuple[Json, Json]]:
    """How the path is matched below each base, and what the upstream sees instead."""
    upstream = api.upstream.path
    if path in ("/", "/*"):  # the base itself, without a slash, is the root too
        for base in api.bases:
            yield {"path": base}, {"prefix_rewrite": upstream + "/"}
    if paths.is_literal(path):
        for base in api.bases:
            yield {"path": base + path}, {"prefix_rewrite": upstream + path}
        return
    bases = paths.one_of(api.bases)
    rewrite = {"pattern": {"regex": f"^{bases}"}, "substitution": upstream}
    yield {"safe_regex": {"regex": bases + paths.pattern(path)}}, {"regex_rewrite": rewrite}


def _tail(path: str) -> str:
    normal = paths.normal(path)
    bare = {"/": "/?", "/*": "(?:/.*)?"}
    return bare.get(normal) or paths.pattern(normal)


def _not_allowed(api: ApiIr, allow: str, tails: list[str]) -> Json:
    regex = f"{paths.one_of(api.bases)}(?:{'|'.join(tails)})"
    return {
        "name": _name(api, "-"),
        "match": {"safe_regex": {"regex": regex}},
        "direct_response": {"status": 405},
        "response_headers_to_add": [{"header": {"key": "allow", "value": allow}}],
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


def _method(method: str) -> Json:
    return {"name": ":method", "string_match": {"exact": method}}


def _per_operation(api: ApiIr, operation: OperationIr) -> Json:
    configs = (
        (item.filter_name(api.environment_id), item.per_operation(api, operation))
        for item in POLICIES
    )
    found = {name: config for name, config in configs if config}
    return {"typed_per_filter_config": found} if found else {}


def _metadata(operation: OperationIr) -> Json:
    """What a refusal for scopes tells: all of them, and how they may be combined."""
    needs = [[spellings[0] for spellings in item] for item in operation.needs if item]
    if operation.anonymous or not needs:
        return {}
    challenge = " ".join(sorted({name for item in needs for name in item}))
    sentence = ", or ".join(" and ".join(item) for item in needs)
    values = {"scope": challenge, "needs": sentence}
    return {"metadata": {"filter_metadata": {METADATA: values}}}
