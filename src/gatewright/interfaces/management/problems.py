"""The one place where errors become answers: RFC 9457 problem details, free of internals."""

import http
from collections.abc import Mapping, Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gatewright.control.findings import Refused
from gatewright.domain.errors import GatewrightError
from gatewright.interfaces.management.models import ErrorItem, Problem

MEDIA_TYPE = "application/problem+json"
ERRORS_MAX = 200


def problem(
    status: int,
    code: str,
    detail: str,
    request_id: str,
    *,
    field: str | None = None,
    way_out: str | None = None,
    errors: Sequence[ErrorItem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem+json answer; `type` is a stable URN of the code."""
    body = Problem(
        type=f"urn:gatewright:problem:{code}",
        title=code.replace("-", " ").capitalize(),
        status=status,
        detail=detail,
        code=code,
        field=field,
        way_out=way_out,
        request_id=request_id,
        errors=list(errors[:ERRORS_MAX]) if errors else None,
    )
    text = body.model_dump_json(exclude_none=True)
    return Response(text, status, dict(headers or {}), media_type=MEDIA_TYPE)


def request_id(request: Request) -> str:
    """The id that the rim gave to the request."""
    return str(request.scope["state"]["request_id"])


def install(app: FastAPI) -> None:
    """Register the handlers for every expected kind of error."""
    app.add_exception_handler(GatewrightError, of_ours)
    app.add_exception_handler(RequestValidationError, _of_shape)
    app.add_exception_handler(HTTPException, _of_routing)


async def of_ours(request: Request, error: Exception) -> Response:
    """The answer that tells an error of ours."""
    if not isinstance(error, GatewrightError):
        raise error
    errors = None
    if isinstance(error, Refused):
        errors = [ErrorItem(field=item.location, message=item.message) for item in error.findings]
    headers = {"WWW-Authenticate": 'Bearer realm="gatewright"'} if error.status == 401 else {}
    return problem(
        error.status,
        error.code,
        error.reason,
        request_id(request),
        field=error.field,
        way_out=error.way_out,
        errors=errors,
        headers=headers,
    )


async def _of_shape(request: Request, error: Exception) -> Response:
    """The messages hold no input: a body may carry a secret."""
    if not isinstance(error, RequestValidationError):
        raise error
    items = [
        ErrorItem(field=_path(item["loc"]), message=str(item["msg"])) for item in error.errors()
    ]
    first = items[0] if items else ErrorItem(field="body", message="is not valid")
    return problem(
        422,
        "invalid",
        f"{first.field}: {first.message}.",
        request_id(request),
        field=first.field,
        way_out="Send what openapi.json describes.",
        errors=items,
    )


def _path(location: Sequence[object]) -> str:
    parts = [str(part) for part in location]
    return ".".join(parts[1:] or parts)[:200]


async def _of_routing(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    phrase = http.HTTPStatus(error.status_code).phrase
    return problem(
        error.status_code,
        phrase.lower().replace(" ", "-"),
        f"{request.method} {request.scope['path'][:200]}: {phrase}.",
        request_id(request),
        way_out="openapi.json lists every path and method.",
        headers=error.headers,
    )
