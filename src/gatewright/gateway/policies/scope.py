"""Lets in only tokens with the operation's scopes: alternatives of all-of, whole names only."""

from collections import Counter
from typing import Any

from gatewright.gateway.ir import ApiIr, EnvironmentIr, Needs, OperationIr
from gatewright.gateway.xds import names, shapes

NAME = "scope"
REFUSAL = "scope"
Json = dict[str, Any]


def filter_name(environment_id: str) -> str:
    """The same in each environment."""
    return NAME


def http_filter(environment: EnvironmentIr) -> Json:
    """Off where no API answers."""
    return {"name": NAME, "disabled": True, "typed_config": shapes.refuse(REFUSAL)}


def extensions(environment: EnvironmentIr) -> dict[str, Json]:
    """None."""
    return {}


def per_api(api: ApiIr) -> Json | None:
    """What most operations need, so that it is held once; absent never means free."""
    return _config(_shared(api))


def per_operation(api: ApiIr, operation: OperationIr) -> Json | None:
    """What this operation needs, where it differs from most."""
    if operation.anonymous:
        return names.DISABLED
    return None if operation.needs == _shared(api) else _config(operation.needs)


def _shared(api: ApiIr) -> Needs:
    """The most frequent, the first of several; () when every operation is anonymous."""
    counted = Counter(item.needs for item in api.operations if not item.anonymous)
    return counted.most_common(1)[0][0] if counted else ()


def _config(needs: Needs) -> Json:
    if () in needs:
        return names.DISABLED  # any token will do
    if not needs:
        return shapes.per_route({"on_no_match": shapes.RUN})
    together = _single_scopes(needs)
    predicates = [_has(together)] if together else []
    predicates += [_all_of(item) for item in needs if len(item) > 1]
    matcher = {"predicate": _some("or_matcher", predicates), "on_match": shapes.SKIP}
    return shapes.per_route({"matcher_list": {"matchers": [matcher]}})


def _single_scopes(needs: Needs) -> tuple[str, ...]:
    """Every spelling of the alternatives of a single scope: one pattern serves them all."""
    return tuple(name for item in needs if len(item) == 1 for name in item[0])


def _all_of(alternative: tuple[tuple[str, ...], ...]) -> Json:
    return _some("and_matcher", [_has(spellings) for spellings in alternative])


def _has(spellings: tuple[str, ...]) -> Json:
    """Whole names in a list with single spaces between (RFC 6749 §3.3)."""
    any_of = "|".join(shapes.literal(name) for name in spellings)
    return shapes.like(shapes.HEADER_SCOPE, f"(?:.* )?(?:{any_of})(?: .*)?")


def _some(kind: str, predicates: list[Json]) -> Json:
    return predicates[0] if len(predicates) == 1 else {kind: {"predicate": predicates}}
