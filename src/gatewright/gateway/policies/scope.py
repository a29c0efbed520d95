"""Lets in only tokens with the operation's scopes: alternatives of all-of, whole names only.

An API key may stand for all scopes, or be enough by itself; what says so is read of keys alone, as
any issuer of tokens could give its scopes the same names.
"""

from collections import Counter
from typing import Any

from gatewright.domain.api_key import API_KEY_SCOPE, EVERY_SCOPE
from gatewright.gateway.ir import ApiIr, EnvironmentIr, Needs, OperationIr
from gatewright.gateway.xds import names, shapes

NAME = "scope"
REFUSAL = "scope"
Json = dict[str, Any]
Asked = tuple[Needs, tuple[str, ...]]
"""An operation's needs, and the scopes of which one is enough for an API key."""


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
    asked = _asked(operation)
    return None if asked == _shared(api) else _config(asked)


def _asked(operation: OperationIr) -> Asked:
    """Where nothing else is a way in, a key that stands for all scopes is none either."""
    every = (EVERY_SCOPE,) if operation.takes_keys and operation.needs else ()
    return operation.needs, every + ((API_KEY_SCOPE,) if operation.any_key else ())


def _shared(api: ApiIr) -> Asked:
    """The most frequent, the first of several; nothing when every operation is anonymous."""
    counted = Counter(_asked(item) for item in api.operations if not item.anonymous)
    return counted.most_common(1)[0][0] if counted else ((), ())


def _config(asked: Asked) -> Json:
    needs, of_keys = asked
    if () in needs:
        return names.DISABLED  # any token will do
    together = _single_scopes(needs)
    predicates = [_has(together)] if together else []
    predicates += [_all_of(item) for item in needs if len(item) > 1]
    predicates += [_of_key(of_keys)] if of_keys else []
    if not predicates:
        return shapes.per_route({"on_no_match": shapes.RUN})
    matcher = {"predicate": _some("or_matcher", predicates), "on_match": shapes.SKIP}
    return shapes.per_route({"matcher_list": {"matchers": [matcher]}})


def _single_scopes(needs: Needs) -> tuple[str, ...]:
    """Every spelling of the alternatives of a single scope: one pattern serves them all."""
    return tuple(name for item in needs if len(item) == 1 for name in item[0])


def _all_of(alternative: tuple[tuple[str, ...], ...]) -> Json:
    return _some("and_matcher", [_has(spellings) for spellings in alternative])


def _has(spellings: tuple[str, ...]) -> Json:
    """Whole names between spaces (RFC 6749 §3.3), or in the texts of a JSON list, not in what else
    it holds. Nothing fits a list with an escape in it, in which a quote need be no end."""
    items = r'(?:[^"\\\[\]{}]|"[^"\\]*")*'
    before = rf'(?:[^"\\]* )?(?:\[{items}"(?:[^"\\]* )?)?'
    behind = r'(?:(?: |"[,\]])[^\\]*)?'
    return shapes.like(shapes.HEADER_SCOPE, f"{before}(?:{_any_of(spellings)}){behind}")


def _of_key(names_of_keys: tuple[str, ...]) -> Json:
    """The same in a key of our own making, which has no lists."""
    pattern = f"(?:.* )?(?:{_any_of(names_of_keys)})(?: .*)?"
    return shapes.like(shapes.HEADER_KEY_SCOPE, pattern)


def _any_of(spellings: tuple[str, ...]) -> str:
    return "|".join(shapes.literal(name) for name in spellings)


def _some(kind: str, predicates: list[Json]) -> Json:
    return predicates[0] if len(predicates) == 1 else {kind: {"predicate": predicates}}
