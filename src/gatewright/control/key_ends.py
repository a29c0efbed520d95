"""How API keys end before their own expiry says so: by hand, by narrower scopes, after an overlap.

A gateway lets in whoever is in its map of subjects. What is written here takes a key out of it.
"""

import heapq
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from gatewright.control.desk import SYSTEM, Desk, record_as
from gatewright.domain.api_key import ApiKey
from gatewright.domain.application import Application
from gatewright.domain.scope import within
from gatewright.domain.world import World
from gatewright.store.mirror import Mirror
from gatewright.store.port import Store

LOOK_SECONDS = 1.0
"""How late a key may end after its expiry or its overlap."""


def end_now(desk: Desk, key: ApiKey, reason: str | None = None) -> ApiKey:
    """Revoke a key, unless it is revoked already."""
    if key.revoked_at is not None:
        return key
    ended = desk.tx.api_keys.replace(replace(key, revoked_at=desk.world.now()))
    desk.record("api-keys.revoke", key.id, name=key.name, hint=key.hint, kind=key.kind,
                reason=reason)  # fmt: skip
    return ended


def end_after(desk: Desk, key: ApiKey, overlap: timedelta) -> ApiKey:
    """Let a usable key end after the overlap, never later than it would; none is at once."""
    if not overlap:
        return end_now(desk, key, "a new key took its place")
    end = desk.world.now() + overlap
    if key.expires_at is not None and key.expires_at <= end:
        return key
    return desk.tx.api_keys.replace(replace(key, expires_at=end))


def end_wider(desk: Desk, application: Application) -> list[ApiKey]:
    """Revoke the keys that hold more than the application may have now; those revoked.

    A key names its scopes itself, for years: without this a limit would not be one.
    """
    allowed = application.allowed_scopes
    if allowed is None:
        return []
    living = desk.tx.api_keys.find(application_id=application.id, revoked_at=None)
    wider = [key for key in living if not _fits(desk, key, allowed)]
    return [end_now(desk, key, "the application's scopes were limited") for key in wider]


def _fits(desk: Desk, key: ApiKey, allowed: frozenset[str]) -> bool:
    organization = desk.organization.handle
    return key.scopes is not None and all(
        within(name, allowed, organization) for name in key.scopes
    )


def remove_all(desk: Desk, application: Application) -> None:
    """Take every key of an application away, which is about to go itself."""
    for key in desk.tx.api_keys.find(application_id=application.id):
        desk.tx.api_keys.remove(key.id)
        desk.record("api-keys.delete", key.id, name=key.name, hint=key.hint, kind=key.kind)


class KeyEnds:
    """Ends keys at their expiry, which may be nearer than the one they were signed with.

    Follows the store in memory, so that a look costs nothing while nothing ends. Meant for one
    thread, which calls `look` now and then.
    """

    def __init__(self, store: Store, world: World) -> None:
        self._store, self._world = store, world
        self._mirror: Mirror | None = None
        self._due: list[tuple[datetime, str]] = []

    def look(self) -> None:
        """End what is due. Raises Unavailable when the database is away; the next look repeats."""
        self._follow()
        now, due = self._world.now(), []
        while self._due and self._due[0][0] <= now:
            due.append(heapq.heappop(self._due))
        try:
            if due:
                self._end([id for _, id in due], now)
        except BaseException:
            self._remember(due)
            raise

    def close(self) -> None:
        """Stop following."""
        if self._mirror is not None:
            self._mirror.close()
            self._mirror = None

    def _follow(self) -> None:
        if self._mirror is None:
            self._mirror = Mirror(self._store, ("api_keys",), {"api_keys": _end_of})
            ends = self._mirror.rows("api_keys").items()
            self._remember((end, id) for id, end in ends if end is not None)
        elif self._mirror.stale():
            found = self._mirror.refresh()
            self._remember((item.after, item.id) for item in found if item.after is not None)

    def _remember(self, ends: Iterable[tuple[datetime, str]]) -> None:
        for item in ends:
            heapq.heappush(self._due, item)

    def _end(self, ids: list[str], now: datetime) -> None:
        with self._store.write() as tx:
            for key in tx.api_keys.find(id=tuple(ids), revoked_at=None):
                if key.expires_at is None or key.expires_at > now:
                    continue  # changed meanwhile
                tx.api_keys.replace(replace(key, revoked_at=now))
                detail: dict[str, object] = {"name": key.name, "hint": key.hint, "kind": key.kind}
                record_as(tx, self._world, key.organization_id, SYSTEM, "api-keys.expire", key.id,
                          detail)  # fmt: skip


def _end_of(key: ApiKey) -> datetime | None:
    """All that is kept of a key."""
    return None if key.revoked_at is not None else key.expires_at
