"""Lets in only subjects with an active subscription to the API: an exact map, O(1)."""

from typing import Any

from gatewright.gateway.ir import ApiIr, EnvironmentIr, OperationIr
from gatewright.gateway.xds import names, shapes

NAME = "subscription"
REFUSAL = "not-subscribed"


def filter_name(environment_id: str) -> str:
    """The same in each environment."""
    return NAME


def http_filter(environment: EnvironmentIr) -> dict[str, Any]:
    """Off where no API answers, so that an undeclared path stays 404."""
    return {"name": NAME, "disabled": True, "typed_config": shapes.refuse(REFUSAL)}


def extensions(environment: EnvironmentIr) -> dict[str, dict[str, Any]]:
    """None."""
    return {}


def per_api(api: ApiIr) -> dict[str, Any] | None:
    """The API's subscribers; with none of them, everybody is refused."""
    subjects = [subject for subject, _ in api.subjects]
    return shapes.per_route(shapes.exact_map(shapes.HEADER_SUBJECT, subjects, shapes.SKIP))


def per_operation(api: ApiIr, operation: OperationIr) -> dict[str, Any] | None:
    """An anonymous operation needs no subscription."""
    return names.DISABLED if operation.anonymous else None
