"""The registry of client authentication methods; the pipeline asks each, and allows one.

A method is a module with `name` (RFC 7591 §2); `presented`, which reads one request and gives what
the client shows, or None when the request does not use the method; and `verified`, which looks
whether that is true.
"""

from datetime import datetime
from typing import Any, Protocol, cast

from gatewright.crypto.foreign import ALGORITHMS
from gatewright.domain import authenticator
from gatewright.sts.client_auth import assertion, basic, certificate, post
from gatewright.sts.issuer import Issuer
from gatewright.sts.presented import Shown, Verified
from gatewright.sts.request import Form, Request
from gatewright.sts.state import State


class Method(Protocol):
    """A client authentication method's module."""

    @property
    def name(self) -> str:
        """As registered at IANA, such as `client_secret_basic`."""

    def presented(self, request: Request, form: Form, /) -> Shown | None:
        """What the client shows. Raises InvalidRequest or InvalidClient for malformed showing."""

    def verified(
        self, state: State, issuer: Issuer, shown: Any, now: datetime, /
    ) -> Verified | None:
        """Whose it is, or None if it is not true; `shown` came from this module's `presented`.

        Raises InvalidClient only for what does not depend on the client; KeysNeeded.
        """


METHODS = cast(tuple[Method, ...], (basic, post, assertion, certificate))
NAMES = (
    *(str(method.name) for method in METHODS),
    str(authenticator.Method.SELF_SIGNED_TLS_CLIENT_AUTH),
)
"""What metadata tells. That an outside issuer may sign an assertion has no name at IANA."""

SIGNING_ALGORITHMS = ALGORITHMS
"""What an assertion may be signed with."""
