"""Revoked tokens by issuer, in two lists: a small one re-sent at once and a long one seldom sent.

A token's id stays listed until the token itself can no longer pass.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from gatewright.domain.token import RevokedToken
from gatewright.gateway.compile import deny
from gatewright.gateway.lower import deny_list_name
from gatewright.gateway.snapshot import Update
from gatewright.gateway.xds import names
from gatewright.gateway.xds.messages import Messages
from gatewright.store.mirror import Difference

RECENT_MAX = 1000
GRACE = timedelta(seconds=60)
"""Longer than the clocks of STS and gateway may differ plus the skew that Envoy forgives."""


class DenyLists:
    """The ids of every issuer, and the resources made of them. For use by one thread."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._recent: dict[str, dict[str, datetime]] = {}
        self._settled: dict[str, dict[str, datetime]] = {}

    def load(self, lists: Iterable[str], rows: Iterable[RevokedToken], now: datetime) -> None:
        """Start anew: everything is settled. Each name in `lists` gets a list, even an empty."""
        self._settled = {name: {} for name in lists}
        self._recent = {name: {} for name in self._settled}
        for row in sorted(rows, key=lambda row: row.id):
            name = deny_list_name(row.organization_id, row.kind)
            if name in self._settled and _matters(row.expires_at, now):
                self._settled[name][row.id] = row.expires_at

    def add_list(self, name: str) -> list[Update]:
        """A list for an issuer that had none."""
        if name in self._recent:
            return []
        self._recent[name], self._settled[name] = {}, {}
        return self.all_updates([name])

    def take(self, differences: Iterable[Difference], now: datetime) -> list[Update]:
        """The resources that differ after these revocations."""
        touched: dict[str, None] = {}
        for item in differences:
            row: RevokedToken = item.after or item.before
            name = deny_list_name(row.organization_id, row.kind)
            if name not in self._recent or item.after is None:
                continue  # an expired row was pruned: it leaves the list at the next merge
            if row.id not in self._settled[name]:
                self._recent[name][row.id] = row.expires_at
                touched[name] = None
        updates: list[Update] = []
        for name in touched:
            updates += self._merged(name, now)
            updates.append(self._update_recent(name))
        return updates

    def all_updates(self, lists: Iterable[str] | None = None) -> list[Update]:
        """Both resources of each list."""
        found = list(self._recent if lists is None else lists)
        return [
            update
            for name in found
            for update in (self._update_settled(name), self._update_recent(name))
        ]

    def _merged(self, name: str, now: datetime) -> list[Update]:
        if len(self._recent[name]) <= RECENT_MAX:
            return []
        together = self._settled[name] | self._recent[name]
        self._settled[name] = {id: at for id, at in together.items() if _matters(at, now)}
        self._recent[name] = {}
        return [self._update_settled(name)]

    def _update_settled(self, name: str) -> Update:
        resource = deny.settled_name(name)
        body = deny.deny_list(resource, self._settled[name], self._messages.pack)
        return Update(names.EXTENSION, resource, body)

    def _update_recent(self, name: str) -> Update:
        """Never in force before the settled list that its former ids went into."""
        resource = deny.recent_name(name)
        body = deny.deny_list(resource, self._recent[name], self._messages.pack)
        return Update(names.EXTENSION, resource, body, (names.EXTENSION, deny.settled_name(name)))


def _matters(expires_at: datetime, now: datetime) -> bool:
    return expires_at + GRACE > now
