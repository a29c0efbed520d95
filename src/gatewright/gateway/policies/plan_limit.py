"""Counts each subject's calls against its plan: a token bucket per subject and API.

The bucket lives in Envoy and starts full again when the API's configuration changes.
"""

import math
from typing import Any

from gatewright.gateway.ir import ApiIr, EnvironmentIr, LimitIr, OperationIr
from gatewright.gateway.xds import names, shapes

NAME = "plan-limit"
_TYPE = names.FILTERS + "local_ratelimit.v3.LocalRateLimit"
_ALWAYS = {"default_value": {"numerator": 100}}
# Envoy demands a bucket for those that match no descriptor: one that never runs out.
_UNLIMITED = {"max_tokens": 10**9, "tokens_per_fill": 10**9, "fill_interval": "1s"}


def filter_name(environment_id: str) -> str:
    """The same in each environment."""
    return NAME


def http_filter(environment: EnvironmentIr) -> dict[str, Any]:
    """Off where no API has a limited subscriber."""
    return {
        "name": NAME,
        "disabled": True,
        "typed_config": {"@type": _TYPE, "stat_prefix": "plan"},
    }


def extensions(environment: EnvironmentIr) -> dict[str, dict[str, Any]]:
    """None."""
    return {}


def per_api(api: ApiIr) -> dict[str, Any] | None:
    """A bucket for each subject whose plan has a limit."""
    limited = [(subject, limit) for subject, limit in api.subjects if limit]
    if not limited:
        return None
    action = {"header_name": shapes.HEADER_SUBJECT, "descriptor_key": "subject"}
    return {
        "@type": _TYPE,
        "stat_prefix": "plan",
        "filter_enabled": _ALWAYS,
        "filter_enforced": _ALWAYS,
        "token_bucket": _UNLIMITED,
        "always_consume_default_token_bucket": False,
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        "response_headers_to_add": [_retry_after([limit for _, limit in limited])],
        "rate_limits": [{"actions": [{"request_headers": action}]}],
        "descriptors": [_descriptor(subject, limit) for subject, limit in limited],
    }


def per_operation(api: ApiIr, operation: OperationIr) -> dict[str, Any] | None:
    """An anonymous call has no subject to count."""
    return names.DISABLED if operation.anonymous and _limits_anybody(api) else None


def _retry_after(limits: list[LimitIr]) -> dict[str, Any]:
    """On 429 only (RFC 9110 §10.2.3): buckets refill steadily, so the time for one more call; of
    the slowest plan, as Envoy has one value for the filter."""
    seconds = max(math.ceil(limit.unit_seconds / limit.request_count) for limit in limits)
    header = {"key": "retry-after", "value": str(seconds)}
    return {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _limits_anybody(api: ApiIr) -> bool:
    return any(limit for _, limit in api.subjects)


def _descriptor(subject: str, limit: LimitIr) -> dict[str, Any]:
    bucket = {
        "max_tokens": limit.request_count,
        "tokens_per_fill": limit.request_count,
        "fill_interval": f"{limit.unit_seconds}s",
    }
    return {"entries": [{"key": "subject", "value": subject}], "token_bucket": bucket}
