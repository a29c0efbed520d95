"""The registry of client authentication methods; how each is checked is the pipeline's matter.

A method is a module with `name` (RFC 7591 §2) and `presented`, which reads one request and gives
what the client shows, or None when the request does not use the method.
"""

from typing import Protocol

from gatewright.sts.client_auth import basic, post
from gatewright.sts.presented import Presented
from gatewright.sts.request import Form, Request


class Method(Protocol):
    """A client authentication method's module."""

    @property
    def name(self) -> str:
        """As registered at IANA, such as `client_secret_basic`."""

    def presented(self, request: Request, form: Form, /) -> Presented | None:
        """What the client shows. Raises InvalidRequest or InvalidClient for malformed showing."""


METHODS: tuple[Method, ...] = (basic, post)
NAMES = tuple(method.name for method in METHODS)
