"""Aggregated discovery over gRPC: carries the messages of `gateway.xds.delta`, decides nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc

from gatewright.gateway.fleet import Connection
from gatewright.gateway.snapshot import Snapshot
from gatewright.gateway.xds import names
from gatewright.gateway.xds.delta import Answer, Request, Response, Stream
from gatewright.gateway.xds.messages import Messages

_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
]


class DiscoveryServer:
    """The connected Envoys. `observe` is called whenever one has answered, or left (None)."""

    def __init__(
        self,
        snapshot: Snapshot,
        messages: Messages,
        observe: Callable[[Connection, Answer | None], None],
    ) -> None:
        self._snapshot, self._messages, self._observe = snapshot, messages, observe
        self._response = messages.message_class(names.DELTA_RESPONSE)

    def server(self, address: str) -> "grpc.aio.Server":
        """A server that is not started yet; `address` such as `unix:/path`."""
        server = grpc.aio.server(options=_OPTIONS)
        request = self._messages.message_class(names.DELTA_REQUEST)
        handler = grpc.stream_stream_rpc_method_handler(
            self._serve,
            request_deserializer=request.FromString,
            response_serializer=self._response.SerializeToString,
        )
        server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(
                    names.DISCOVERY_SERVICE, {"DeltaAggregatedResources": handler}
                ),
            )
        )
        server.add_insecure_port(address)
        return server

    async def _serve(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        snapshot = self._snapshot
        connection = Connection(Stream(snapshot.resources, lambda: snapshot.is_kept))
        wake = asyncio.Event()

        def note(kind: str, changed: list[str], mark: int) -> None:
            connection.stream.note(kind, changed, mark)
            wake.set()

        unwatch = self._snapshot.watch(note)
        reader = asyncio.create_task(self._read(requests, connection, wake))
        try:
            while not reader.done():
                await wake.wait()
                wake.clear()
                for response in connection.stream.send():
                    yield self._message(response)
        finally:
            unwatch()
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
            self._observe(connection, None)

    async def _read(
        self, requests: AsyncIterator[Any], connection: Connection, wake: asyncio.Event
    ) -> None:
        try:
            async for message in requests:
                if message.node.id:
                    connection.node = message.node.id
                    connection.version = _version(message.node)
                answer = connection.stream.receive(_request(message), self._snapshot.mark)
                self._observe(connection, answer)
                wake.set()
        finally:
            wake.set()

    def _message(self, response: Response) -> Any:
        message = self._response(
            type_url=response.kind, nonce=response.nonce, removed_resources=response.removed
        )
        for name, resource in response.resources.items():
            entry = message.resources.add(name=name, version=resource.version)
            entry.resource.type_url = response.kind
            entry.resource.value = resource.body
        return message


def _request(message: Any) -> Request:
    refused = message.HasField("error_detail")
    return Request(
        kind=message.type_url,
        subscribe=tuple(message.resource_names_subscribe),
        unsubscribe=tuple(message.resource_names_unsubscribe),
        initial=dict(message.initial_resource_versions),
        nonce=message.response_nonce,
        error=message.error_detail.message if refused else None,
    )


def _version(node: Any) -> str:
    version = node.user_agent_build_version.version
    return f"{version.major_number}.{version.minor_number}.{version.patch}"
