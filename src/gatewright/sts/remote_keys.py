"""Key sets of others at their addresses: kept for a while, fetched without anybody's turn.

Whoever decides asks for keys and never waits; `KeysNeeded` sends the request out of the turn,
where `fetch` may block. So a slow address holds up its own requests and nobody else's.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from gatewright.crypto import foreign
from gatewright.crypto.foreign import ALGORITHMS, ForeignKey, NotValid, UnknownKey
from gatewright.domain.errors import GatewrightError
from gatewright.domain.world import EPOCH, World
from gatewright.observability.events import Event, KeysLost
from gatewright.sts.errors import TemporarilyUnavailable
from gatewright.sts.proof import KeysNeeded

MAX_AGE = timedelta(minutes=10)
KEPT_THROUGH_OUTAGE = timedelta(hours=24)
UNKNOWN_KEY_PAUSE = timedelta(seconds=30)
"""Between two fetches because of a key that is not in the set, which anybody may name."""

BACK_OFF_MIN, BACK_OFF_MAX = timedelta(seconds=5), timedelta(minutes=5)
FETCHING_MAX, FETCHING_PER_HOST_MAX = 32, 16
"""Requests of one worker that may wait for keys at once: half of its threads, and fewer for what
one host answers, so that no slow host holds all of them."""

ENTRIES_MAX = 2000
DISCOVERY = "/.well-known/openid-configuration"

Fetch = Callable[[str], bytes]
"""The bytes at an address, bounded and guarded. Raises GatewrightError."""


@dataclass(slots=True)
class _Entry:
    """`keys` and the issuer they are of, if its own document said so; times are of attempts."""

    keys: tuple[ForeignKey, ...] = ()
    issuer: str | None = None
    fetched_at: datetime = EPOCH
    tried_at: datetime = EPOCH
    tries: int = 0
    failures: int = 0
    in_flight: threading.Lock = field(default_factory=threading.Lock)

    def back_off(self) -> timedelta:
        """How long to leave the address alone after it failed."""
        doubled = 1 << max(0, min(self.failures - 1, 10))
        return min(BACK_OFF_MIN * doubled, BACK_OFF_MAX)


def no_fetch(_uri: str) -> bytes:
    """Where nothing may be fetched."""
    raise TemporarilyUnavailable("keys are not fetched here.")


def discovery_uri(issuer: str) -> str:
    """Where an issuer describes itself (OpenID Connect Discovery 1.0 §4)."""
    return issuer.removesuffix("/") + DISCOVERY


class RemoteKeys:
    """Key sets by address. Safe for use by several threads."""

    def __init__(
        self, fetch: Fetch, world: World, report: Callable[[Event], None] = lambda _event: None
    ) -> None:
        self._fetch, self._world, self._report = fetch, world, report
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._waiting: Counter[str] = Counter()
        self._turn = threading.Lock()

    def at(self, uri: str, issuer: str | None = None) -> tuple[ForeignKey, ...]:
        """The keys there; of a discovery document, only if it is that issuer's own.

        Raises KeysNeeded, or TemporarilyUnavailable while the address is left alone for its
        failures and no keys of it are left.
        """
        now = self._world.now()
        entry = self._entry(uri)
        age = now - entry.fetched_at
        if age > MAX_AGE and not entry.in_flight.locked() and self._may_try(entry, now):
            raise KeysNeeded(uri, entry.tries)
        if age > KEPT_THROUGH_OUTAGE:
            if entry.in_flight.locked():
                raise KeysNeeded(uri, entry.tries)
            wait = entry.tried_at + entry.back_off() - now
            raise _unreachable(max(1, int(wait.total_seconds()) + 1))
        if issuer is not None and entry.issuer != issuer:
            raise NotValid("the issuer describes itself by another name.")
        return entry.keys

    def verify(
        self,
        unverified_jwt: str,
        uri: str,
        issuer: str | None = None,
        algorithms: Collection[str] = ALGORITHMS,
    ) -> dict[str, Any]:
        """The claims of a JWT that a key at that address signed, as `foreign.verify` has them.

        Raises NotValid, and what `at` raises; a key that is not there is looked for anew, rarely.
        """
        keys = self.at(uri, issuer)
        try:
            return foreign.verify(unverified_jwt, keys, algorithms)
        except UnknownKey:
            entry, now = self._entry(uri), self._world.now()
            due = now - max(entry.fetched_at, entry.tried_at) >= UNKNOWN_KEY_PAUSE
            if due and not entry.in_flight.locked() and self._may_try(entry, now):
                raise KeysNeeded(uri, entry.tries) from None
            raise

    def fetch(self, needed: KeysNeeded) -> None:
        """Read its address; blocks. Of several at once, one reads and the others wait for it.

        Raises TemporarilyUnavailable when too many wait already. What was found, or that it was
        nothing, the next `at` tells.
        """
        entry = self._entry(needed.uri)
        try:
            with self._place(urlsplit(needed.uri).hostname or ""), entry.in_flight:
                self._look(entry, needed)
        except TemporarilyUnavailable:
            if not self._put_off(entry):
                raise

    def _look(self, entry: _Entry, needed: KeysNeeded) -> None:
        if entry.tries != needed.tries:
            return  # somebody else just did
        entry.tried_at, entry.failures = self._world.now(), entry.failures + 1
        try:
            entry.keys, entry.issuer = self._read(needed.uri)
            entry.fetched_at, entry.failures = entry.tried_at, 0
        except (GatewrightError, NotValid) as error:
            self._report(KeysLost(needed.uri[:500], error.reason))
        finally:
            entry.tries += 1  # at the end, for whoever came while it was under way

    def _put_off(self, entry: _Entry) -> bool:
        """Whether the keys that are here do for a while: else whoever fills all places with slow
        addresses would shut out everybody else's clients too."""
        now = self._world.now()
        if not MAX_AGE < now - entry.fetched_at <= KEPT_THROUGH_OUTAGE:
            return False
        entry.tried_at, entry.failures = now, max(entry.failures, 1)
        return True

    def _read(self, uri: str) -> tuple[tuple[ForeignKey, ...], str | None]:
        if not uri.endswith(DISCOVERY):
            return foreign.key_set(self._text(uri)), None
        described = foreign.json_object(self._text(uri), "the discovery document")
        issuer, jwks_uri = described.get("issuer"), described.get("jwks_uri")
        if not isinstance(issuer, str) or discovery_uri(issuer) != uri:
            raise NotValid("the discovery document is of another issuer.")
        if not isinstance(jwks_uri, str):
            raise NotValid("the discovery document has no jwks_uri.")
        return foreign.key_set(self._text(jwks_uri)), issuer

    def _text(self, uri: str) -> str:
        raw = self._fetch(uri)
        if len(raw) > foreign.KEY_SET_BYTES_MAX:
            raise NotValid(f"the document is over {foreign.KEY_SET_BYTES_MAX} bytes.")
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise NotValid("the document is not UTF-8.") from None

    def _entry(self, uri: str) -> _Entry:
        with self._turn:
            entry = self._entries.setdefault(uri, _Entry())
            self._entries.move_to_end(uri)
            if len(self._entries) > ENTRIES_MAX:
                self._entries.popitem(last=False)
            return entry

    @staticmethod
    def _may_try(entry: _Entry, now: datetime) -> bool:
        return not entry.failures or now - entry.tried_at >= entry.back_off()

    @contextmanager
    def _place(self, host: str) -> Iterator[None]:
        with self._turn:
            full = self._waiting.total() >= FETCHING_MAX
            if full or self._waiting[host] >= FETCHING_PER_HOST_MAX:
                raise _unreachable(1)
            self._waiting[host] += 1
        try:
            yield
        finally:
            with self._turn:
                self._waiting[host] -= 1
                if not self._waiting[host]:
                    del self._waiting[host]


def _unreachable(seconds: int) -> TemporarilyUnavailable:
    return TemporarilyUnavailable(
        "the keys that it is verified with can not be read at present.",
        retry_after_seconds=seconds,
    )
