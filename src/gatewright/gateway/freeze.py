"""A snapshot as one static Envoy configuration: for validation, and as a last resort to serve."""

from typing import Any

from gatewright.gateway.envoy import common, lone_fleet
from gatewright.gateway.snapshot import Snapshot
from gatewright.gateway.xds import names
from gatewright.gateway.xds.messages import Messages

Json = dict[str, Any]


def freeze(snapshot: Snapshot, messages: Messages, node: str = "frozen") -> Json:
    """The bootstrap, as JSON, in which everything that discovery would deliver stands inline."""
    found = {
        kind: {name: messages.unpack(kind, item.body) for name, item in resources.items()}
        for kind, resources in snapshot.resources.items()
    }
    listeners = [_listener(item, found) for item in found[names.LISTENER].values()]
    clusters = [lone_fleet(), *(_bare(item) for item in found[names.CLUSTER].values())]
    return {**common(node), "static_resources": {"listeners": listeners, "clusters": clusters}}


def _listener(listener: Json, found: dict[str, dict[str, Json]]) -> Json:
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    manager["http_filters"] = [
        _filter(item, found[names.EXTENSION]) for item in manager["http_filters"]
    ]
    if "scoped_routes" not in manager:
        return _bare(listener)
    scopes = [
        _scope(item, found[names.ROUTES])
        for item in found[names.SCOPE].values()
        if item["route_configuration_name"] in found[names.ROUTES]
    ]
    scoped = manager.pop("scoped_routes")
    if scopes:  # Envoy takes no empty list
        listed = {"scoped_route_configurations": scopes}
        kept = {key: scoped[key] for key in ("name", "scope_key_builder")}
        manager["scoped_routes"] = {**kept, "scoped_route_configurations_list": listed}
    else:
        manager["route_config"] = {"name": scoped["name"]}
    return _bare(listener)


def _filter(entry: Json, extensions: dict[str, Json]) -> Json:
    if "config_discovery" not in entry:
        return dict(_inline(entry, extensions))
    typed = _inline(extensions[entry["name"]]["typed_config"], extensions)
    kept: Json = {key: entry[key] for key in ("name", "disabled") if key in entry}
    return {**kept, "typed_config": typed}


def _inline(content: Any, extensions: dict[str, Json]) -> Any:
    """With the filters that an action would discover."""
    if isinstance(content, list):
        return [_inline(item, extensions) for item in content]
    if not isinstance(content, dict):
        return content
    found = {key: _inline(item, extensions) for key, item in content.items()}
    if isinstance(found.get("dynamic_config"), dict):
        name = found.pop("dynamic_config")["name"]
        found["typed_config"] = {"name": name, "typed_config": extensions[name]["typed_config"]}
    return found


def _scope(scope: Json, routes: dict[str, Json]) -> Json:
    inline = _bare(routes[scope["route_configuration_name"]])
    kept = {key: value for key, value in _bare(scope).items() if key != "route_configuration_name"}
    return {**kept, "route_configuration": inline}


def _bare(resource: Json) -> Json:
    return {key: value for key, value in resource.items() if key != "@type"}
