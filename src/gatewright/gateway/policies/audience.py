"""Refuses a token narrowed to other APIs (`resource`, RFC 8707); it reads no other token.

In a header of an API's own it refuses more than one token as well: Envoy verifies that of each line
and mixes their claims, so that one could lend its scopes, or hide the other's revocation. The lines
of the usual header are one text, in which there is no second token.
"""

from typing import Any

from gatewright.domain.api import TOKEN_HEADER
from gatewright.domain.token import api_audience
from gatewright.gateway.ir import ApiIr, EnvironmentIr, OperationIr
from gatewright.gateway.xds import names, shapes

NAME = "audience"
REFUSAL = "audience"


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
    """Its own version or its major alias, as a whole word; without the claim it is skipped."""
    pattern = "|".join(shapes.literal(name) for name in audiences(api))
    ours = shapes.like(shapes.HEADER_AUDIENCE, f"(?:.* )?(?:{pattern})(?: .*)?")
    narrowed = shapes.like(shapes.HEADER_AUDIENCE, ".*")
    elsewhere = {"and_matcher": {"predicate": [narrowed, {"not_matcher": ours}]}}
    header = api.entrance.token_header
    if header == TOKEN_HEADER:
        return shapes.per_route(shapes.run_if(elsewhere))
    refused = {"predicate": [elsewhere, shapes.like(header, ".*,.*")]}
    return shapes.per_route(shapes.run_if({"or_matcher": refused}))


def per_operation(api: ApiIr, operation: OperationIr) -> dict[str, Any] | None:
    """An anonymous operation reads no token."""
    return names.DISABLED if operation.anonymous else None


def audiences(api: ApiIr) -> tuple[str, ...]:
    """The names by which a token may be meant for this API here."""
    pairs = (base.rpartition("/") for base in api.bases)
    return tuple(
        api_audience(api.environment_id, context, version) for context, _, version in pairs
    )
