"""Revoked tokens and subjects by issuer: a small list re-sent at once, and shards seldom sent.

A full recent list gives the ids of one shard away at a time. They leave it only once every Envoy
has that shard in force, so that no id is ever missing from all lists, and an id stays listed until
its token can no longer pass. How many ids there are costs neither a call nor a revocation more.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gatewright.domain.token import RevokedToken
from gatewright.gateway.compile import deny
from gatewright.gateway.lower import deny_list_name
from gatewright.gateway.policies import revoked
from gatewright.gateway.snapshot import Update
from gatewright.gateway.xds import names
from gatewright.gateway.xds.messages import Messages
from gatewright.store.mirror import Difference

RECENT_MAX = 500
"""What Envoy takes in within about 4 ms; of more at once, all go to their shards directly."""

EXPIRED_SHARE = 4
"""A shard is sent anew when one part in this many of it has expired, and at least EXPIRED_MIN."""

EXPIRED_MIN = 32
GRACE = timedelta(seconds=60)
"""Longer than the clocks of STS and gateway may differ plus the skew that Envoy forgives."""

Ids = dict[str, datetime]


@dataclass(slots=True)
class _List:
    """One issuer's ids with their expiries, `recent` and by shard. `used` tells whether tokens'
    shards are, `handed` are ids that a shard took over and that are still recent as well, and
    `expired` counts by shard what is of no use any more."""

    recent: Ids = field(default_factory=dict)
    shards: dict[str, Ids] = field(default_factory=lambda: {key: {} for key in deny.SHARDS})
    used: bool = False
    handed: frozenset[str] = frozenset()
    expired: Counter[str] = field(default_factory=Counter)

    def knows(self, id: str) -> bool:
        """Whether the id is in one of the lists."""
        return id in self.recent or id in self.shards[deny.shard_of(id)]

    def take_in(self, fresh: Ids) -> set[str]:
        """Put new ids where they belong; the shards that this changes."""
        if len(fresh) > RECENT_MAX:
            return self.spread(fresh)
        self.recent.update(fresh)
        if len(self.recent) <= RECENT_MAX:
            return set()
        fullest = Counter(map(deny.shard_of, self.recent)).most_common(1)[0][0]
        handed = {id: at for id, at in self.recent.items() if deny.shard_of(id) == fullest}
        self.handed = frozenset(handed)
        return self.spread(handed)

    def spread(self, ids: Ids) -> set[str]:
        """Add ids to their shards; which ones these are."""
        for id, at in ids.items():
            self.shards[deny.shard_of(id)][id] = at
        touched = set(map(deny.shard_of, ids))
        self.used = self.used or bool(touched - {deny.SUBJECTS})
        return touched

    def renew(self, shards: set[str], now: datetime) -> None:
        """Drop what has expired from shards that are sent anew."""
        for key in shards:
            kept = {id: at for id, at in self.shards[key].items() if _matters(at, now)}
            self.shards[key] = kept
            self.expired.pop(key, None)

    def worn(self) -> set[str]:
        """One shard that holds much of no use, if there is one."""
        return {
            key
            for key, count in self.expired.most_common(1)
            if count >= max(EXPIRED_MIN, len(self.shards[key]) // EXPIRED_SHARE)
        }


class DenyLists:
    """The ids of every issuer, and the resources made of them. For use by one thread."""

    def __init__(self, messages: Messages) -> None:
        self._pack = messages.pack
        self._lists: dict[str, _List] = {}

    def load(self, lists: Iterable[str], rows: Iterable[RevokedToken], now: datetime) -> None:
        """Start anew. Each name in `lists` gets lists, even empty ones.

        Subjects are all old and few tokens all recent, so that whatever an Envoy has from before
        can be taken over without a gap.
        """
        self._lists = {name: _List() for name in lists}
        for row in sorted(rows, key=lambda row: row.id):
            found = self._lists.get(deny_list_name(row.organization_id, row.kind))
            if found is not None and _matters(row.expires_at, now):
                subject = deny.shard_of(row.id) == deny.SUBJECTS
                (found.shards[deny.SUBJECTS] if subject else found.recent)[row.id] = row.expires_at
        for found in self._lists.values():
            if len(found.recent) > RECENT_MAX:
                found.spread(found.recent)
                found.recent = {}

    def add_list(self, name: str) -> list[Update]:
        """Lists for an issuer that had none."""
        if name in self._lists:
            return []
        self._lists[name] = _List()
        return self.all_updates([name])

    def take(self, differences: Iterable[Difference], now: datetime) -> list[Update]:
        """The resources that differ after these revocations."""
        fresh: dict[str, Ids] = {}
        for item in differences:
            row: RevokedToken = item.after or item.before
            name = deny_list_name(row.organization_id, row.kind)
            found = self._lists.get(name)
            if found is None:
                continue
            if item.after is None:
                shard = deny.shard_of(row.id)
                found.expired[shard] += row.id in found.shards[shard]
                fresh.setdefault(name, {})
            elif not found.knows(row.id) and _matters(row.expires_at, now):
                fresh.setdefault(name, {})[row.id] = row.expires_at
        return [item for name, ids in fresh.items() for item in self._changed(name, ids, now)]

    def all_updates(self, lists: Iterable[str] | None = None) -> list[Update]:
        """Every resource of each list."""
        return [
            update
            for name in (self._lists if lists is None else lists)
            for update in (
                self._settled(name),
                *(self._shard(name, key) for key in deny.SHARDS),
                self._recent(name),
            )
        ]

    def _changed(self, name: str, fresh: Ids, now: datetime) -> list[Update]:
        found = self._lists[name]
        was_used, before = found.used, found.recent
        # What a shard took over last time leaves now: that shard was sent with it meanwhile.
        found.recent = {
            id: at
            for id, at in found.recent.items()
            if id not in found.handed and _matters(at, now)
        }
        found.handed = frozenset()
        shards = found.take_in(fresh) | found.worn()
        found.renew(shards, now)
        updates = [self._settled(name)] if found.used and not was_used else []
        updates += [self._shard(name, key) for key in sorted(shards)]
        return updates if found.recent == before else [*updates, self._recent(name)]

    def _settled(self, name: str) -> Update:
        """What leads to the shards: in force only when Envoy has all of them, and left only when
        the recent list is in force that holds everything."""
        used, settled = self._lists[name].used, revoked.SETTLED.resource(name)
        after = f"{settled}/*" if used else revoked.RECENT.resource(name)
        return _update(settled, deny.settled(name, self._pack, used=used), after)

    def _shard(self, name: str, key: str) -> Update:
        """Those of no use are empty, and empty only when nothing leads there any more."""
        found, resource = self._lists[name], deny.shard_name(name, key)
        body = deny.shard(resource, found.shards[key], self._pack)
        of_use = found.used or key == deny.SUBJECTS
        return _update(resource, body, "" if of_use else revoked.SETTLED.resource(name))

    def _recent(self, name: str) -> Update:
        """Never in force before what its former ids went into, and what leads there."""
        found = self._lists[name]
        subjects, settled = deny.shard_name(name, deny.SUBJECTS), revoked.SETTLED.resource(name)
        body = deny.recent(name, found.recent, self._pack)
        after = f"{settled}*" if found.used else subjects
        return _update(revoked.RECENT.resource(name), body, after)


def _update(name: str, body: bytes, after: str = "") -> Update:
    return Update(names.EXTENSION, name, body, (names.EXTENSION, after) if after else None)


def _matters(expires_at: datetime, now: datetime) -> bool:
    return expires_at + GRACE > now
