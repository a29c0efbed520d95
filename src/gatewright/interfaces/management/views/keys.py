"""Signing keys as the management API shows them."""

import json
from collections.abc import Iterable

from gatewright.domain.token import SigningKey
from gatewright.interfaces.management.models.keys import KeyOut, KeyRotationOut


def key(row: SigningKey) -> KeyOut:
    """A signing key, without its private half or where that is."""
    return KeyOut(
        id=row.id,
        kind=row.kind,
        algorithm=row.algorithm,
        state=row.state,
        backend=row.backend,
        created_at=row.created_at,
        activates_at=row.activates_at,
        retired_at=row.retired_at,
        removes_at=row.removes_at,
        public_jwk=json.loads(row.public_jwk),
    )


def rotation(rows: Iterable[SigningKey]) -> KeyRotationOut:
    """What a rotation announced."""
    return KeyRotationOut(keys=[key(row) for row in rows])
