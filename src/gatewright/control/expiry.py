"""The watch over what expires: tells once a day of secrets, authenticators, keys and domains."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from gatewright.domain.api_key import ApiKey
from gatewright.domain.authenticator import Authenticator
from gatewright.domain.credential import Secret
from gatewright.domain.domain_name import DomainName
from gatewright.domain.expiry import expires_soon, expiring
from gatewright.domain.world import World
from gatewright.observability.events import ApiKeyExpires, DomainExpires, Event, WayInExpires
from gatewright.store.port import Rows, Store, Transaction

AGAIN_AFTER = timedelta(days=1)
PAGE = 1000
R = TypeVar("R", Secret, Authenticator, ApiKey, DomainName)


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
            domains = [row for row in _every(tx.domains) if _ends(row, now)]
            keys = [row for row in expiring(_every(tx.api_keys), now) if row.usable(now)]
            others: list[DomainName | ApiKey] = [*domains, *keys]
            said |= {row.id: self._said.get(row.id) for row in others}
            told = [(row, _other_event(tx, row)) for row in others if _is_due(said[row.id], now)]
        self._said = {id: at for id, at in said.items() if at is not None}
        for way, event in [*zip(due, events, strict=True), *told]:
            self._said[way.id] = now
            if event is not None:
                self._report(event)


def _every(rows: Rows[R]) -> Iterator[R]:
    """All rows, of which few are held at a time."""
    page = rows.page(after=None, limit=PAGE)
    while page:
        yield from page
        page = rows.page(after=page[-1].id, limit=PAGE) if len(page) == PAGE else []


def _ends(row: DomainName, now: datetime) -> bool:
    """Soon, or already: an ended certificate is served on, and every client refuses it."""
    return row.expires_at <= now or expires_soon(row, now)


def _other_event(tx: Transaction, row: DomainName | ApiKey) -> Event | None:
    organization = tx.organizations.get(row.organization_id)
    if organization is None:
        return None
    if isinstance(row, DomainName):
        return DomainExpires(organization.handle, row.host, row.id, row.expires_at)
    application = tx.applications.get(row.application_id)
    if application is None or row.expires_at is None:
        return None
    return ApiKeyExpires(
        organization.handle, application.handle, row.kind, row.name, row.id, row.expires_at
    )


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
