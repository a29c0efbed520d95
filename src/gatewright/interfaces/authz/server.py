"""Carries Envoy's questions to `decision.decide` and the answers back; decides nothing itself.

(envoy.service.auth.v3.Authorization, method Check.)
"""

import hashlib
import re
from base64 import b64decode
from typing import Any
from urllib.parse import unquote

import grpc

from gatewright.crypto.jwk import base64url
from gatewright.domain.world import World, seconds
from gatewright.gateway.policies.bound import METADATA_URL
from gatewright.gateway.xds import shapes
from gatewright.gateway.xds.messages import Messages
from gatewright.interfaces.authz.decision import (
    UNAUTHORIZED,
    Call,
    Granted,
    Nonces,
    Refused,
    decide,
)
from gatewright.interfaces.authz.replays import Full, Replays
from gatewright.observability.log import Log

SERVICE = "envoy.service.auth.v3.Authorization"
_REQUEST, _RESPONSE = "envoy.service.auth.v3.CheckRequest", "envoy.service.auth.v3.CheckResponse"
_UNAUTHENTICATED = 16  # google.rpc.Code
_OVERWRITE = 2  # HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*")


class AuthorizationServer:
    """Answers one question at a time."""

    def __init__(
        self, messages: Messages, world: World, log: Log, replays: Replays, nonces: Nonces
    ) -> None:
        self._request = messages.message_class(_REQUEST)
        self._response = messages.message_class(_RESPONSE)
        self._world, self._log, self._replays, self._nonces = world, log, replays, nonces

    def server(self, address: str) -> "grpc.aio.Server":
        """A server that is not started yet; `address` such as `unix:/path`."""
        server = grpc.aio.server()
        handler = grpc.unary_unary_rpc_method_handler(
            self._check,
            request_deserializer=self._request.FromString,
            response_serializer=self._response.SerializeToString,
        )
        handlers = grpc.method_handlers_generic_handler(SERVICE, {"Check": handler})
        server.add_generic_rpc_handlers((handlers,))
        server.add_insecure_port(address)
        return server

    async def _check(self, request: Any, context: Any) -> Any:
        """An error instead of an answer lets Envoy refuse the call with 503."""
        now = seconds(self._world.now())
        try:
            call = _call(request.attributes, dict(context.invocation_metadata()))
            verdict = decide(
                call, now, lambda proof: self._replays.accept(proof, now), self._nonces
            )
        except Full:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "the record is full")
        except Exception as error:
            self._log.fail("proofs", error)
            raise
        return self._answer(verdict)

    def _answer(self, verdict: Granted | Refused) -> Any:
        answer = self._response()
        if isinstance(verdict, Granted):
            granted = answer.ok_response.headers.add(append_action=_OVERWRITE)
            granted.header.key, granted.header.value = shapes.HEADER_SUBJECT, verdict.subject
            return answer
        answer.status.code = _UNAUTHENTICATED
        answer.denied_response.status.code = UNAUTHORIZED
        told = {"www-authenticate": verdict.challenge}
        if verdict.nonce:
            told |= {"dpop-nonce": verdict.nonce, "cache-control": "no-store"}
        for name, value in told.items():
            refused = answer.denied_response.headers.add()
            refused.header.key, refused.header.value = name, value
        return answer


def _call(attributes: Any, metadata: dict[str, str]) -> Call:
    http = attributes.request.http
    headers: dict[str, list[str]] = {}
    for item in http.header_map.headers:
        value = item.raw_value.decode("latin-1") if item.raw_value else item.value
        headers.setdefault(item.key, []).append(value)
    url = metadata[METADATA_URL] + http.path.partition("?")[0]
    return Call(http.method, url, headers, _thumbprint(attributes.source.certificate))


def _thumbprint(escaped_pem: str) -> str:
    """RFC 8705 §3.1, of what Envoy says of the peer: PEM with URL escapes."""
    match = _PEM.fullmatch(unquote(escaped_pem))
    if match is None:
        return ""
    return base64url(hashlib.sha256(b64decode(match[1])).digest())
