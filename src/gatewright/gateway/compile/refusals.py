"""One body for every refusal, with Bijira's codes, and the challenges of RFC 6750 §3.

Each challenge tells where the API's metadata is (RFC 9728 §5.1).

`docs/reference/errors.md` lists them; a test compares the two.
"""

import json
from dataclasses import dataclass
from typing import Any

from gatewright.gateway.compile import cors
from gatewright.gateway.policies import api_limit, plan_limit, subscription
from gatewright.gateway.xds import limiters, names


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row: `when` is a CEL expression over the response; the first that holds answers.

    `challenge` are the parameters of a Bearer challenge, or WRITTEN.
    """

    name: str
    when: str
    status: int | None
    code: str
    message: str
    description: str
    challenge: str | None = None
    retry_after_seconds: int | None = None


def _details(text: str) -> str:
    return f"response.code_details == '{text}'"


def _denied(policy: str) -> str:
    return _details(f"rbac_access_denied_matched_policy[{policy}]")


def _over(limit: str) -> str:
    """Our own header, as an upstream's 429 is none of ours."""
    return f"response.headers['{limiters.HEADER_ENFORCED}'] == '{limit}'"


WRITTEN = "%RESP(www-authenticate)%"
"""As a challenge: the one that the decision service has written."""

_METADATA = "%METADATA(VIRTUAL_HOST:gw:challenge)%"
_INVALID = 'error="invalid_token"'


def _nearest(name: str) -> str:
    """What a route says of itself, or else its API of most of them."""
    places = [{"command": "METADATA", "param": f"{place}:gw:{name}"} for place in _PLACES]
    return f"%COALESCE({json.dumps({'operators': places})})%"


_PLACES = ("ROUTE", "VIRTUAL_HOST")
_NEEDED = f'error="insufficient_scope", scope="{_nearest("scope")}"'

REFUSALS: tuple[Refusal, ...] = (
    Refusal(
        "missing", _details("jwt_authn_access_denied{Jwt_is_missing}"), 401, "900902",
        "Missing Credentials",
        "Make sure your API invocation call has a header: Authorization: Bearer ACCESS_TOKEN",
        challenge="",
    ),
    Refusal(
        "expired", _details("jwt_authn_access_denied{Jwt_is_expired}"), 401, "900903",
        "Access Token Expired", "Renew the access token and try again",
        challenge=f'{_INVALID}, error_description="The access token expired"',
    ),
    Refusal(
        "inactive", _details("jwt_authn_access_denied{Jwt_not_yet_valid}"), 401, "900904",
        "Access Token Inactive", "The access token is not valid yet. Generate a new one",
        challenge=f'{_INVALID}, error_description="The access token is not valid yet"',
    ),
    Refusal(
        "revoked", _denied("revoked"), 401, "900901",
        "Invalid Credentials", "The access token was revoked",
        challenge=f'{_INVALID}, error_description="The access token was revoked"',
    ),
    Refusal(
        "audience", _denied("audience"), 401, "900901",
        "Invalid Credentials", "The access token is not meant for this API",
        challenge=f'{_INVALID}, error_description="The access token is not meant for this API"',
    ),
    Refusal(
        "unproven", _details("ext_authz_denied"), 401, "900901", "Invalid Credentials",
        "The access token is bound to a key or certificate, and the call does not prove it as"
        " WWW-Authenticate says",
        challenge=WRITTEN,
    ),
    Refusal(
        "undecided", _details("ext_authz_error"), 503, "900900",
        "Unclassified Authentication Failure",
        "The proof of the access token can not be checked at the moment. Try again later",
        retry_after_seconds=1,
    ),
    Refusal(
        "invalid", "response.code == 401 || response.code_details.startsWith('jwt_authn')", 401,
        "900901", "Invalid Credentials",
        "Make sure you have provided the correct security credentials", challenge=_INVALID,
    ),
    Refusal(
        subscription.BLOCKED.name, _denied(subscription.BLOCKED.name), 403, "900907",
        "The requested API is temporarily blocked",
        "The subscription or its application is blocked. Ask the provider of the API to unblock it",
    ),
    Refusal(
        subscription.PENDING.name, _denied(subscription.PENDING.name), 403, "900909",
        "The subscription to the API is inactive",
        "The subscription waits for approval. Ask the provider of the API to approve it",
    ),
    Refusal(
        "not-subscribed", _denied(subscription.REFUSAL), 403, "900908", "Resource forbidden",
        "The caller's application has no active subscription to this API. Subscribe it in the"
        " developer portal; a client of another key manager must be linked to an application",
    ),
    Refusal(
        "scope", _denied("scope"), 403, "900910",
        "The access token does not allow you to access the requested resource",
        "Scope validation failed. The access token needs: " + _nearest("needs"),
        challenge=_NEEDED,
    ),
    Refusal(
        "operation-limit", _over(api_limit.OPERATION.reason), 429, "900802",
        "Message throttled out",
        "All callers together have exceeded the request limit of the resource",
    ),
    Refusal(
        "api-limit", _over(api_limit.API.reason), 429, "900800", "Message throttled out",
        "All callers together have exceeded the request limit of the API",
    ),
    Refusal(
        "burst", _over(plan_limit.BURST), 429, "900804", "Message throttled out",
        "You have sent too many requests at once for your subscription",
    ),
    Refusal(
        "limit", "response.code == 429", 429, "900804", "Message throttled out",
        "You have exceeded the request limit of your subscription",
    ),
    Refusal(
        "no-route", "response.code == 404", 404, "404", "Not Found",
        "The requested resource is not available",
    ),
    Refusal(
        "method", "response.code == 405", 405, "405", "Method Not Allowed",
        "The resource exists and does not offer this method; see the Allow header",
    ),
    Refusal(
        "blocked", "response.code == 503 && " + _details("direct_response"), 503, "700700",
        "API blocked", "This API has been blocked temporarily. Try again later",
    ),
    Refusal(
        "timeout", "response.code == 504", 504, "101504", "Gateway Timeout",
        "The upstream did not answer in time",
    ),
    Refusal(
        "upstream", "response.code == 503 || response.code == 502", None, "101503",
        "Service Unavailable", "The upstream can not be reached or broke the connection off",
    ),
    Refusal(
        "misdirected", _denied("misdirected"), 421, "421", "Misdirected Request",
        "The host is not one that this connection is for. Open another connection for it",
    ),
    Refusal(
        "bad-request", "response.code == 400", 400, "400", "Bad Request",
        "The request can not be understood; escaped slashes in the path are not allowed",
    ),
)  # fmt: skip


def local_reply_config(realm: str) -> dict[str, Any]:
    """Every answer that Envoy gives by itself, in our form."""
    return {"mappers": [*(_mapper(item, realm) for item in REFUSALS), _preflight(), _rest()]}


def _preflight() -> dict[str, Any]:
    """No refusal: the gateway's own answer to a browser. Said here once and not by each API."""
    headers = [_header(key, value) for key, value in cors.ALLOWED]
    return {"filter": _when(f"response.code == {cors.STATUS}"), "headers_to_add": headers}


def _rest() -> dict[str, Any]:
    """As text: in `json_format` a lone status would become a number, and every code is a string."""
    fields = _fields("%RESPONSE_CODE%", "HTTP %RESPONSE_CODE%", "The gateway refused the request")
    text = {"inline_string": json.dumps(fields, separators=(",", ":"))}
    return {
        "filter": _when("true"),
        "body_format_override": {"text_format_source": text, "content_type": "application/json"},
        "headers_to_add": _readable(),
    }


def _when(expression: str) -> dict[str, Any]:
    typed = {"@type": names.CEL_FILTER, "expression": expression}
    return {"extension_filter": {"name": names.CEL_FILTER_NAME, "typed_config": typed}}


def _readable() -> list[dict[str, Any]]:
    """So that a page in a browser learns why it was refused."""
    return [_header(key, value) for key, value in cors.READABLE]


def _mapper(refusal: Refusal, realm: str) -> dict[str, Any]:
    headers = _readable()
    if refusal.challenge is not None:
        challenge = refusal.challenge
        if challenge != WRITTEN:
            parameters = ", ".join(part for part in (f'realm="{realm}"', challenge) if part)
            challenge = f"Bearer {parameters}"
        headers.append(_header("www-authenticate", f"{challenge}{_METADATA}"))
    if refusal.retry_after_seconds is not None:
        headers.append(_header("retry-after", str(refusal.retry_after_seconds)))
    return {
        "filter": _when(refusal.when),
        "body_format_override": _body(refusal.code, refusal.message, refusal.description),
        **({"status_code": refusal.status} if refusal.status else {}),
        "headers_to_add": headers,
    }


def _body(code: str, message: str, description: str) -> dict[str, Any]:
    fields = _fields(code, message, description)
    return {"json_format": fields, "content_type": "application/json"}


def _fields(code: str, message: str, description: str) -> dict[str, str]:
    return {
        "code": code,
        "message": message,
        "description": description,
        "error_message": message,  # the name that clients of Bijira read for 401 and 403
    }


def _header(key: str, value: str) -> dict[str, Any]:
    header = {"key": key, "value": value}
    return {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
