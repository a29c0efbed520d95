"""What a call counts as, for the filters that count: said by virtual hosts and routes.

It stands there and not in the filters, as one filter counts for every API of an environment.
"""

from typing import Any

from gatewright.gateway.ir import ApiIr, OperationIr
from gatewright.gateway.policies import api_limit, plan_limit

Json = dict[str, Any]


def of_api(api: ApiIr) -> Json:
    """For a virtual host."""
    return _some([*plan_limit.rate_limits(api), *api_limit.API.rate_limits(api)])


def of_operation(api: ApiIr, operation: OperationIr) -> Json:
    """For a route."""
    return _some(api_limit.OPERATION.rate_limits(api, operation))


def is_counted(api: ApiIr) -> bool:
    """Whether its routes name any limit."""
    limited = api.limit is not None or any(item.limit for item in api.operations)
    return limited or plan_limit.is_counted(api)


def _some(limits: list[Json]) -> Json:
    return {"rate_limits": limits} if limits else {}
