"""The access log that counts calls inside Envoy: by route, caller, status and duration.

One counter for each combination that occurs; its last tag is all of it as one text, since each tag
costs time on every call. Durations are put into buckets by Envoy's own matching of that tag.
"""

from typing import Any

from gatewright.domain.usage import LATENCY_FLOORS
from gatewright.gateway.ir import EnvironmentIr
from gatewright.gateway.xds import names

Json = dict[str, Any]
PREFIX = "usage.calls.ms."
CALL = ".call."
COUNTERS_MAX = 200_000
"""Different counters of one environment, each some 600 bytes; calls beyond are not counted."""

SUBJECT_LENGTH_MAX = 256
_EXACT_MILLISECONDS = 20
"""Shorter calls are put into their bucket by one look into a table, the others by patterns."""

_SLOWER = {
    20: "[2-4].", 50: "[5-9].", 100: "1..", 200: "[2-4]..", 500: "[5-9]..",
    1000: "1...", 2000: "[2-4]...", 5000: "[5-9]...", 10_000: "[12]....", 30_000: "[3-9]....|.{6,}",
}  # fmt: skip


def access_log(environment: EnvironmentIr) -> Json:
    """For the connection manager of one environment, whose counters are its own."""
    subject = f"%FILTER_STATE(subject:PLAIN):{SUBJECT_LENGTH_MAX}%"
    call = f"{environment.id}|%RESPONSE_CODE%|%ROUTE_NAME%|{subject}"
    tags = [
        {"name": "ms", "value_format": "%DURATION%", "rules": _buckets()},
        {"name": "call", "value_format": call},
    ]
    config = {
        "@type": names.USAGE_LOG,
        # Without a `sharing_name`: Envoy 1.40 crashes on it when it validates a configuration.
        "stats_scope": {
            "prefix": "usage",
            "max_counters": COUNTERS_MAX,
            "enable_eviction": True,
        },
        "counters": [{"stat": {"name": "calls", "tags": tags}, "value_fixed": 1}],
    }
    return {"name": names.USAGE_LOG_NAME, "typed_config": config}


def _buckets() -> Json:
    value = {"name": "duration", "typed_config": {"@type": names.STAT_TAG_VALUE}}
    exact = {str(ms): _becomes(_floor(ms)) for ms in range(_EXACT_MILLISECONDS)}
    slower = [
        {
            "predicate": {
                "single_predicate": {
                    "input": value,
                    "value_match": {"safe_regex": {"google_re2": {}, "regex": pattern}},
                }
            },
            "on_match": _becomes(floor),
        }
        for floor, pattern in _SLOWER.items()
    ]
    return {
        "matcher_tree": {"input": value, "exact_match_map": {"map": exact}},
        "on_no_match": {"matcher": {"matcher_list": {"matchers": slower}}},
    }


def _floor(milliseconds: int) -> int:
    return max(floor for floor in LATENCY_FLOORS if floor <= milliseconds)


def _becomes(floor: int) -> Json:
    config = {"@type": names.TRANSFORM_STAT, "update_tag": {"new_tag_value": str(floor)}}
    return {"action": {"name": "bucket", "typed_config": config}}
