"""What the management API answers about signing keys: never a private half."""

from datetime import datetime
from typing import Any

from gatewright.domain.environment import Kind
from gatewright.interfaces.management.models import Out


class KeyOut(Out):
    """A signing key of an issuer; `id` is its kid. `state` is announced, active or retired.

    `activates_at` of an active key is when it began to sign. `backend` holds the private half.
    """

    id: str
    kind: Kind
    algorithm: str
    state: str
    backend: str
    created_at: datetime
    activates_at: datetime | None
    retired_at: datetime | None
    removes_at: datetime | None
    public_jwk: dict[str, Any]


class KeyRotationOut(Out):
    """The keys that were announced; they sign once their `state` is active."""

    keys: list[KeyOut]
