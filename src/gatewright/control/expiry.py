"""The watch over what expires: says once a day which secrets and authenticators end soon."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from gatewright.domain.authenticator import Authenticator
from gatewright.domain.credential import Secret
from gatewright.domain.expiry import expiring
from gatewright.domain.world import World
from gatewright.observability.events import Event, WayInExpires
from gatewright.store.port import Rows, Store, Transaction

AGAIN_AFTER = timedelta(days=1)
PAGE = 1000
R = TypeVar("R", Secret, Authenticator)


class ExpiryWatch:
    """Remembers what it said when, of the living only; a restart may say a thing again.

    Meant for one thread, which calls `look` now and then.
    """

    def __init__(self, store: Store, world: World, report: Callable[[Event], None]) -> None:
        self._store, self._world, self._report = store, world, report
        self._said: dict[str, datetime] = {}

    def look(self) -> None:
        """Report what ends within 14 days and was not reported for a day. Raises Unavailable."""
        now = self._world.now()
        with self._store.read() as tx:
            ways: list[Secret | Authenticator] = [
                *expiring(_every(tx.secrets), now),
                *expiring(_every(tx.authenticators), now),
            ]
            said = {way.id: self._said.get(way.id) for way in ways}
            due = [way for way in ways if _is_due(said[way.id], now)]
            events = [_event(tx, way, now) for way in due]
        self._said = {id: at for id, at in said.items() if at is not None}
        for way, event in zip(due, events, strict=True):
            self._said[way.id] = now
            if event is not None:
                self._report(event)


def _every(rows: Rows[R]) -> Iterator[R]:
    """All rows, of which few are held at a time."""
    page = rows.page(after=None, limit=PAGE)
    while page:
        yield from page
        page = rows.page(after=page[-1].id, limit=PAGE) if len(page) == PAGE else []


def _is_due(said: datetime | None, now: datetime) -> bool:
    return said is None or now - said >= AGAIN_AFTER


def _event(tx: Transaction, way: Secret | Authenticator, now: datetime) -> WayInExpires | None:
    credential = tx.credentials.get(way.credential_id)
    application = tx.applications.get(credential.application_id) if credential else None
    organization = tx.organizations.get(way.organization_id)
    if credential is None or application is None or organization is None or way.expires_at is None:
        return None
    others: list[Secret | Authenticator] = [
        *tx.secrets.find(credential_id=credential.id),
        *tx.authenticators.find(credential_id=credential.id),
    ]
    return WayInExpires(
        organization=organization.handle,
        application=application.handle,
        kind=credential.kind,
        client_id=credential.client_id,
        way="secret" if isinstance(way, Secret) else way.method,
        id=way.id,
        expires_at=way.expires_at,
        last=not any(other.usable(way.expires_at) for other in others),
        used=way.last_used_at is not None,
    )
