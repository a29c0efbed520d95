"""Envoy's protobuf messages, made at run time from descriptors in a pool of their own.

The pool is private, because the packages that bring generated classes share the name `envoy`
with the package of the Envoy binary. It knows nothing of what the messages are used for.
"""

import zlib
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError

from gatewright.domain.errors import Invalid
from gatewright.gateway.xds.names import TYPE
from gatewright.gateway.xds.wire import Wire


class Messages:
    """The message classes of one set of descriptors. Safe for use by several threads."""

    def __init__(self, descriptors: bytes) -> None:
        """`descriptors` is a FileDescriptorSet, compressed by zlib."""
        self.pool = descriptor_pool.DescriptorPool()
        raw = zlib.decompress(descriptors)
        for file in descriptor_pb2.FileDescriptorSet.FromString(raw).file:
            self.pool.Add(file)
        self._classes: dict[str, Any] = {}
        self._wire = Wire(self.pool, self.message_class)

    def message_class(self, name: str) -> Any:
        """The class of a message by its full name. Raises KeyError when there is none."""
        known = self._classes.get(name)
        if known is None:
            descriptor = self.pool.FindMessageTypeByName(name)
            known = self._classes[name] = message_factory.GetMessageClass(descriptor)
        return known

    def pack(self, resource: dict[str, Any]) -> bytes:
        """The bytes of a resource given as JSON with `@type`, the same for the same JSON.

        Raises Invalid with protobuf's own words when it is no valid message of that type.
        """
        content = dict(resource)
        name = str(content.pop("@type", "")).removeprefix(TYPE)
        try:
            body = self._wire.write(name, content)
            self.message_class(name).FromString(body)  # protobuf's own word that it is one
            return body
        except (
            AttributeError,
            KeyError,
            TypeError,
            ValueError,
            json_format.Error,
            DecodeError,
        ) as error:
            reason = f"is not a valid {name or 'resource'}: {error}"
            raise Invalid(reason, str(resource.get("name", "resource"))) from error

    def unpack(self, type_url: str, body: bytes) -> dict[str, Any]:
        """The inverse of `pack`, with the names of fields as in Envoy's documentation."""
        message = self.message_class(type_url.removeprefix(TYPE)).FromString(body)
        content = json_format.MessageToDict(
            message, preserving_proto_field_name=True, descriptor_pool=self.pool
        )
        return {"@type": type_url, **content}
