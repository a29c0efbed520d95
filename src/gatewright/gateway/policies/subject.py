"""Keeps the caller's subject for the usage counters: internal headers are gone by then."""

from typing import Any

from gatewright.gateway.ir import ApiIr, EnvironmentIr, OperationIr
from gatewright.gateway.xds import names, shapes

NAME = "subject"


def filter_name(environment_id: str) -> str:
    """The same in each environment."""
    return NAME


def http_filter(environment: EnvironmentIr) -> dict[str, Any]:
    """One string of filter state per request, where an API asks for it."""
    text = {"text_format_source": {"inline_string": f"%REQ({shapes.HEADER_SUBJECT})%"}}
    state = {"object_key": NAME, "factory_key": "envoy.string", "format_string": text}
    config = {
        "@type": names.FILTERS + "set_filter_state.v3.Config",
        "on_request_headers": [state],
    }
    return {"name": NAME, "typed_config": config}


def extensions(environment: EnvironmentIr) -> dict[str, dict[str, Any]]:
    """None."""
    return {}


def per_api(api: ApiIr) -> dict[str, Any] | None:
    """Nothing differs by API."""
    return None


def per_operation(api: ApiIr, operation: OperationIr) -> dict[str, Any] | None:
    """An anonymous call has no subject."""
    return names.DISABLED if operation.anonymous else None
