"""Token buckets that several policies are made of, kept in Envoy under a name of their own.

A filter that has its chains by discovery keeps their buckets for as long as that resource stays the
same: whatever else is re-sent, an API's routes above all, only names a chain. A name that
the filter does not know does nothing: what is refused elsewhere must not rest on it.
"""

from collections.abc import Mapping
from typing import Any

from gatewright.gateway.ir import LimitIr
from gatewright.gateway.xds import names, shapes

Json = dict[str, Any]
HEADER_ENFORCED = "x-ratelimit-enforced"
"""On a refusal: which limit it was."""

LOCAL_CLUSTER = "gatewright-fleet"
"""The cluster whose members share each bucket in equal parts; every bootstrap must have it."""

BUCKETS_MAX = 200_000
"""For each limit. The bucket that was used least lately makes room, and is full when it returns."""

_LOCAL_LIMIT = names.FILTERS + "local_ratelimit.v3.LocalRateLimit"


def bucket(
    limit: LimitIr, reason: str, keys: tuple[str, ...], stage: int, *,
    enforced: bool = True, told: bool = False,
) -> Json:  # fmt: skip
    """A filter that has one bucket for each tuple of values that routes give to `keys` at `stage`.

    `reason` stands in HEADER_ENFORCED of a refusal; with `told` the bucket's state is told in the
    `x-ratelimit-*` headers of every answer. What is not `enforced` is only counted.
    """
    entries = [{"key": key} for key in keys]
    descriptors = [{"entries": entries, "token_bucket": _full(limit)}]
    return {
        "name": reason,
        "typed_config": _limiter(descriptors, reason, stage, enforced=enforced, told=told),
    }


def buckets(
    key: str, limits: Mapping[str, LimitIr], reason: str, keys: tuple[str, ...], stage: int
) -> Json:
    """The same, enforced and told, with a limit for each value of `key`, which comes first."""
    wild = [{"key": name} for name in keys]
    descriptors = [
        {"entries": [{"key": key, "value": value}, *wild], "token_bucket": _full(limit)}
        for value, limit in limits.items()
    ]
    return _limiter(descriptors, reason, stage, enforced=True, told=True)


def _limiter(
    descriptors: list[Json], reason: str, stage: int, *, enforced: bool, told: bool
) -> Json:
    header = {"header": {"key": HEADER_ENFORCED, "value": reason}}
    config: Json = {
        "@type": _LOCAL_LIMIT,
        "stat_prefix": reason,
        "stage": stage,
        "vh_rate_limits": "INCLUDE",
        "filter_enabled": {"default_value": {"numerator": 100}},
        "filter_enforced": {"default_value": {"numerator": 100 if enforced else 0}},
        "always_consume_default_token_bucket": False,
        "descriptors": descriptors,
        "max_dynamic_descriptors": BUCKETS_MAX,
        "local_cluster_rate_limit": {},
        "enable_retry_after_header": True,
        "response_headers_to_add": [{**header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
    }
    if told:
        config["enable_x_ratelimit_headers"] = "DRAFT_VERSION_03"
    return config


def folder(environment_id: str) -> str:
    """How the names of all that limits in an environment begin."""
    return f"limits/{environment_id}/"


def by_name(name: str) -> Json:
    """A filter in the connection manager that has its chains by discovery; routes enable it."""
    discovery = {"config_source": names.ADS_FILTER, "type_urls": [shapes.MATCHED_FILTER]}
    return {"name": name, "disabled": True, "config_discovery": discovery}


def found(name: str) -> Json:
    """A filter in the connection manager that is discovered itself, and counts in every chain."""
    discovery = {"config_source": names.ADS_FILTER, "type_urls": [_LOCAL_LIMIT]}
    return {"name": name, "config_discovery": discovery}


def chains(name: str, known: Mapping[str, list[Json]]) -> Json:
    """What is discovered: the filters of each chain, in their order."""
    composite: Json = {"@type": shapes.COMPOSITE}
    if known:
        found = {key: {"typed_config": filters} for key, filters in known.items()}
        composite["named_filter_chains"] = found
    return shapes.matched(name, composite)


def _full(limit: LimitIr) -> Json:
    """Starts full and refills steadily."""
    return {
        "max_tokens": limit.request_count,
        "tokens_per_fill": limit.request_count,
        "fill_interval": f"{limit.unit_seconds}s",
    }
