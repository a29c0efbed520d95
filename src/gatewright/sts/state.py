"""The STS's view of the world in memory, and when it is renewed. It reads; it never writes."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.x509 import Certificate

from gatewright.crypto.keyring import Keyring
from gatewright.crypto.signing import INTROSPECTION_TYPE
from gatewright.domain import token
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Unavailable
from gatewright.domain.world import EPOCH, World
from gatewright.observability.events import Event, StoreFound, StoreLost
from gatewright.store.mirror import Mirror
from gatewright.store.port import Store
from gatewright.sts.issuer import Issuer
from gatewright.sts.keys import Backends, KeyChain, backends, jwks
from gatewright.sts.limits import Limits
from gatewright.sts.nonces import Nonces
from gatewright.sts.recognized import Recognized
from gatewright.sts.records import (
    ISSUER_NOUNS,
    NOUNS,
    RIGHTS_NOUNS,
    Client,
    Records,
    slim_api,
    slim_revision,
)
from gatewright.sts.remote_keys import RemoteKeys, no_fetch
from gatewright.sts.usage import Usage

LOOK_AGAIN_PAUSE = timedelta(milliseconds=50)
OUTAGE_PAUSE = timedelta(seconds=1)
_NO_TIME = timedelta()


def _ignore(_event: Event) -> None:
    """Nobody listens."""


class State:
    """Everything the pipeline reads. For use by one thread at a time.

    Raises Unavailable when the database can not be read at the start; later outages only delay
    what becomes known.
    """

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        world: World,
        sts_url: str,
        report: Callable[[Event], None] = _ignore,
        signers: Backends | None = None,
    ) -> None:
        self.store, self.keyring, self.world, self.report = store, keyring, world, report
        self.sts_url = sts_url.rstrip("/")
        self.limits = Limits()
        self.usage = Usage()
        self.recognized = Recognized(world)
        self.nonces: Nonces | None = None
        self.remote_keys = RemoteKeys(no_fetch, world, report)
        self.client_authorities: Sequence[Certificate] = ()
        slim: dict[str, Callable[[Any], Any]] = {"revisions": slim_revision, "apis": slim_api}
        self._mirror = Mirror(store, NOUNS, slim)
        self.records = Records(self._mirror)
        self._keys = KeyChain(signers or backends(keyring, world))
        self._issuers: dict[tuple[str, str], Issuer] = {}
        self._pause_until = EPOCH
        self.lag_max = timedelta()
        self._looked_at = EPOCH
        self._lost = False
        self.generation = 0

    def renew(self) -> None:
        """Take over what was written meanwhile; costs microseconds when nothing was."""
        try:
            if not self._lost and not self._mirror.stale():
                return
        except Unavailable as error:
            self._lose(error, self.world.now())
            return
        now = self.world.now()
        if not self._lost or now >= self._pause_until:
            self._refresh(now)

    def looked_lately(self) -> bool:
        """Whether `renew` may be left out, as the store was asked less than `lag_max` ago.

        Asking costs a token in twenty, as it lets other threads in.
        """
        now = self.world.now()
        if _NO_TIME <= now - self._looked_at < self.lag_max:
            return True
        self._looked_at = now
        return False

    def look_again(self, now: datetime) -> bool:
        """Before a refusal: ask the store itself, rarely enough that a flood of them is cheap.

        Whether anything was new.
        """
        if now < self._pause_until:
            return False
        self._pause_until = now + LOOK_AGAIN_PAUSE
        return self._refresh(now)

    def issuer(self, organization_handle: str, kind: str) -> Issuer | None:
        """The issuer of that name, or None."""
        key = (organization_handle, kind)
        return self._issuers.get(key) or self._assemble(key)

    def client(self, client_id: str, issuer: Issuer) -> Client | None:
        """The client if it belongs to this issuer: a sandbox client is unknown in production."""
        client = self.records.client(client_id)
        if client is None:
            return None
        credential, home = client.credential, issuer.organization.id
        ours = credential.kind == issuer.kind and credential.organization_id == home
        return client if ours and client.application.organization_id == home else None

    def revoked(self, jti: str) -> bool:
        """Whether that token was revoked."""
        return self.records.row("revoked_tokens", jti) is not None

    def close(self) -> None:
        """Stop following the store."""
        self._mirror.close()

    def _refresh(self, now: datetime) -> bool:
        try:
            differences = self._mirror.refresh()
        except Unavailable as error:
            self._lose(error, now)
            return False
        if self._lost:
            self._lost = False
            self.report(StoreFound())
        changed = self.records.take(differences)
        if changed & ISSUER_NOUNS:
            self._issuers.clear()
        if changed & (ISSUER_NOUNS | RIGHTS_NOUNS):
            self.generation += 1
        return bool(changed)

    def _lose(self, error: Unavailable, now: datetime) -> None:
        self._pause_until = now + OUTAGE_PAUSE
        if not self._lost:
            self._lost = True
            self.report(StoreLost(error.reason))

    def _assemble(self, key: tuple[str, str]) -> Issuer | None:
        handle, kind_name = key
        organizations = self.records.group("organization by handle", handle)
        if not organizations or kind_name not in (*Kind,):
            return None
        organization, kind = organizations[0], Kind(kind_name)
        url = token.issuer(self.sts_url, handle, kind)
        rows = self.records.group("signing keys", (organization.id, kind))
        places = self.records.group("environments", (organization.id, kind))
        places.sort(key=lambda place: (place.position, place.id))
        issuer = Issuer(
            organization,
            kind,
            url,
            {place.gateway_url: place.id for place in places},
            self._keys.signer(rows, organization.signing_algorithm),
            self._keys.verifiers(rows),
            jwks(rows),
            self._keys.signer(rows, organization.signing_algorithm, INTROSPECTION_TYPE),
        )
        self._issuers[key] = issuer
        return issuer
