"""Recognises an Authorization header that proved a client before, so it is not worked out anew.

It keeps keyed hashes of headers, never a secret, under a key that only this process has ever had.
It decides nothing: whoever asks looks whether the client and its secret are still what they were.
"""

import hashlib
from datetime import datetime
from typing import NamedTuple

from gatewright.domain.credential import Secret
from gatewright.domain.world import World
from gatewright.sts.proof import Proven
from gatewright.sts.records import Client
from gatewright.sts.request import AUTHORIZATION_BYTES_MAX, Form, Request

ENTRIES_MAX = 10_000
_KEY_BYTES = 32
OF_NO_CLIENT = frozenset({"grant_type", "scope", "resource", "token", "token_type_hint"})
"""Parameters that no method of authentication reads; beside any other, all methods are asked."""


class Known(NamedTuple):
    """What a header proved, by which secret, of whom it claimed to be."""

    client_id: str
    secret: Secret
    proven: Proven

    def holds(self, current: Client | None, now: datetime) -> bool:
        """Whether it is still true. `current` is who has that id now: records make a new Client
        whenever a row of it changes, so that an equal one proves nothing."""
        return current is self.proven.client and self.secret.usable(now)


class Recognized:
    """Headers that proved a client; at most ENTRIES_MAX."""

    def __init__(self, world: World) -> None:
        self._begun = hashlib.blake2b(key=world.random_bytes(_KEY_BYTES), digest_size=32)
        self._known: dict[bytes, Known] = {}

    def mark(self, request: Request, form: Form) -> bytes | None:
        """What the header is known by; None unless it alone says who asks."""
        if len(request.authorization) != 1 or not form.values.keys() <= OF_NO_CLIENT:
            return None
        header = request.authorization[0]
        if len(header) > AUTHORIZATION_BYTES_MAX:
            return None
        taken = self._begun.copy()
        taken.update(header)
        return taken.digest()

    def get(self, mark: bytes) -> Known | None:
        """What that header proved before, if it did."""
        return self._known.get(mark)

    def remember(self, mark: bytes, known: Known) -> None:
        """It proved this just now."""
        if len(self._known) >= ENTRIES_MAX:
            self._known.clear()
        self._known[mark] = known
