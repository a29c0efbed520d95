"""Matchers and refusing filters that several policies are made of.

A filter that an RBAC `DENY any` stands in, behind a matcher that skips it: cheaper than an RBAC
filter that allows, which writes metadata on each request. No match means the refusal runs.
"""

import re
from typing import Any

from gatewright.gateway.xds.names import ADS_FILTER, EXTENSIONS, FILTERS, TYPE

Json = dict[str, Any]
_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")

MATCHED_FILTER = EXTENSIONS + "common.matching.v3.ExtensionWithMatcher"
MATCHED_FILTER_PER_ROUTE = EXTENSIONS + "common.matching.v3.ExtensionWithMatcherPerRoute"
RBAC = FILTERS + "rbac.v3.RBAC"
COMPOSITE = FILTERS + "composite.v3.Composite"
_EXECUTE = FILTERS + "composite.v3.ExecuteFilterAction"
_SKIP = EXTENSIONS + "filters.common.matcher.action.v3.SkipFilter"
_HEADER = TYPE + "envoy.type.matcher.v3.HttpRequestHeaderMatchInput"

SKIP: Json = {"action": {"name": "skip", "typed_config": {"@type": _SKIP}}}
# The only other action the delegating filter takes; what it holds is never executed. What
# a map leads to must be an action itself: after a nested matcher without a match, Envoy falls
# through to the outer `on_no_match`, and a deny list would let pass.
RUN: Json = {
    "action": {
        "name": "run",
        "typed_config": {
            "@type": _EXECUTE,
            "typed_config": {"name": "x", "typed_config": {"@type": FILTERS + "router.v3.Router"}},
        },
    }
}

HEADER_SUBJECT = "x-gw-subject"
HEADER_JTI = "x-gw-jti"
HEADER_SCOPE = "x-gw-scope"
HEADER_ROUTE = "x-gw-route"
HEADER_AUDIENCE = "x-gw-audience"
HEADER_BOUND = "x-gw-bound"
HEADER_KEY = "x-gw-key"
HEADER_CERTIFICATE = "x-gw-certificate"
HEADER_ISSUER = "x-gw-issuer"
HEADER_KEY_SCOPE = "x-gw-key-scope"
INTERNAL_HEADERS = (
    HEADER_SUBJECT, HEADER_JTI, HEADER_SCOPE, HEADER_ROUTE, HEADER_AUDIENCE, HEADER_BOUND,
    HEADER_KEY, HEADER_CERTIFICATE, HEADER_ISSUER, HEADER_KEY_SCOPE,
)  # fmt: skip

SUBJECT_HEADERS = (HEADER_SUBJECT, HEADER_BOUND)
"""Where a token's subject key may stand: bound tokens have the second one."""


def header(name: str) -> Json:
    """A request header as a matcher's input."""
    return {"name": "header", "typed_config": {"@type": _HEADER, "header_name": name}}


def literal(text: str) -> str:
    """The pattern that only this text fits."""
    return _SPECIAL.sub(r"\\\1", text)


def like(name: str, regex: str) -> Json:
    """A predicate: there is such a header, and the pattern fits the whole of its value."""
    value = {"safe_regex": {"google_re2": {}, "regex": regex}}
    return {"single_predicate": {"input": header(name), "value_match": value}}


def refuse(policy: str, matcher: Json | None = None) -> Json:
    """A filter's configuration: 403 `rbac_access_denied_matched_policy[<policy>]` unless the
    matcher answers SKIP. Without a matcher it is skipped until a route brings one."""
    anybody = {"permissions": [{"any": True}], "principals": [{"any": True}]}
    rules = {"action": "DENY", "policies": {policy: anybody}}
    return matched(policy, {"@type": RBAC, "rules": rules}, matcher)


def matched(name: str, config: Json, matcher: Json | None = None) -> Json:
    """A filter that runs unless the matcher, or the one that a route brings, answers SKIP."""
    inner = {"name": name, "typed_config": config}
    outer: Json = {"@type": MATCHED_FILTER, "extension_config": inner}
    return outer if matcher is None else {**outer, "xds_matcher": matcher}


def run_if(predicate: Json, inner: Json | None = None) -> Json:
    """A matcher that skips the filter unless the predicate holds; a COMPOSITE then runs `inner`."""
    matchers = [{"predicate": predicate, "on_match": RUN if inner is None else run(inner)}]
    return {"matcher_list": {"matchers": matchers}, "on_no_match": SKIP}


def run_discovered(name: str, type_url: str) -> Json:
    """An action for a composite filter: run the one that is discovered by this name.

    Envoy asks for a name that it has not heard of only while a listener starts: it must stand in
    the listener, if only in a filter that is disabled.
    """
    found = {"config_source": ADS_FILTER, "type_urls": [type_url]}
    config = {
        "@type": _EXECUTE,
        "dynamic_config": {"name": name, "config_discovery": found},
    }
    return {"action": {"name": "run", "typed_config": config}}


def run(inner: Json) -> Json:
    """The action of a COMPOSITE filter that makes a filter, and runs it, for this call alone."""
    action = {"@type": _EXECUTE, "typed_config": inner}
    return {"action": {"name": "run", "typed_config": action}}


def run_chain(name: str) -> Json:
    """The action of a COMPOSITE filter that runs the chain it has by that name, or nothing."""
    action = {"@type": _EXECUTE, "filter_chain_name": name}
    return {"action": {"name": "run", "typed_config": action}}


def skip_if(predicate: Json) -> Json:
    """A matcher that skips the filter if the predicate holds, and runs it if not."""
    matchers = [{"predicate": predicate, "on_match": SKIP}]
    return {"matcher_list": {"matchers": matchers}, "on_no_match": RUN}


def per_route(matcher: Json) -> Json:
    """The matcher that a virtual host or route gives to a `matched` or `refuse` filter."""
    return {"@type": MATCHED_FILTER_PER_ROUTE, "xds_matcher": matcher}


def is_none_of(name: str, values: list[str]) -> Json:
    """A header matcher of routes and limits: the header's value is none of these."""
    if len(values) == 1:
        match: Json = {"exact": values[0]}
    else:
        match = {"safe_regex": {"regex": "|".join(literal(value) for value in values)}}
    return {"name": name, "string_match": match, "invert_match": True}


def exact_map(name: str, keys: list[str], hit: Json, miss: Json | None = None) -> Json:
    """A hash map on a header's value: O(1) in the number of keys."""
    return map_to(name, dict.fromkeys(keys, hit), miss)


def map_to(name: str, entries: dict[str, Json], miss: Json | None = None) -> Json:
    """The same with an action for each value; what is in no entry runs the filter."""
    if not entries:
        return {"on_no_match": miss or RUN}
    tree = {"input": header(name), "exact_match_map": {"map": entries}}
    return {"matcher_tree": tree, **({"on_no_match": miss} if miss else {})}
