"""Matchers and refusing filters that several policies are made of.

A filter that an RBAC `DENY any` stands in, behind a matcher that skips it: cheaper than an RBAC
filter that allows, which writes metadata on each request. No match means the refusal runs.
"""

from typing import Any

from gatewright.gateway.xds.names import EXTENSIONS, FILTERS, TYPE

Json = dict[str, Any]

MATCHED_FILTER = EXTENSIONS + "common.matching.v3.ExtensionWithMatcher"
MATCHED_FILTER_PER_ROUTE = EXTENSIONS + "common.matching.v3.ExtensionWithMatcherPerRoute"
RBAC = FILTERS + "rbac.v3.RBAC"
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
            "@type": FILTERS + "composite.v3.ExecuteFilterAction",
            "typed_config": {"name": "x", "typed_config": {"@type": FILTERS + "router.v3.Router"}},
        },
    }
}

HEADER_SUBJECT = "x-gw-subject"
HEADER_JTI = "x-gw-jti"
HEADER_SCOPE = "x-gw-scope"
HEADER_ROUTE = "x-gw-route"
INTERNAL_HEADERS = (HEADER_SUBJECT, HEADER_JTI, HEADER_SCOPE, HEADER_ROUTE)


def header(name: str) -> Json:
    """A request header as a matcher's input."""
    return {"name": "header", "typed_config": {"@type": _HEADER, "header_name": name}}


def refuse(policy: str, matcher: Json | None = None) -> Json:
    """A filter's configuration: 403 `rbac_access_denied_matched_policy[<policy>]` unless the
    matcher answers SKIP. Without a matcher it is skipped until a route brings one."""
    anybody = {"permissions": [{"any": True}], "principals": [{"any": True}]}
    rules = {"action": "DENY", "policies": {policy: anybody}}
    config: Json = {
        "@type": MATCHED_FILTER,
        "extension_config": {"name": policy, "typed_config": {"@type": RBAC, "rules": rules}},
    }
    if matcher is not None:
        config["xds_matcher"] = matcher
    return config


def per_route(matcher: Json) -> Json:
    """The matcher that a virtual host or route gives to a `refuse` filter."""
    return {"@type": MATCHED_FILTER_PER_ROUTE, "xds_matcher": matcher}


def exact_map(name: str, keys: list[str], hit: Json, miss: Json | None = None) -> Json:
    """A hash map on a header's value: O(1) in the number of keys."""
    if not keys:
        return {"on_no_match": miss or RUN}
    entries = dict.fromkeys(keys, hit)
    tree = {"input": header(name), "exact_match_map": {"map": entries}}
    return {"matcher_tree": tree, **({"on_no_match": miss} if miss else {})}
