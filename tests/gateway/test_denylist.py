"""Deny lists by themselves: what is sent for a revocation, and that no id ever gets lost."""

import random
from collections.abc import Iterable
from datetime import timedelta
from functools import cache

import pytest
from tests.gateway.scene import AT, Scene

from gatewright.domain.environment import Kind
from gatewright.gateway import denylist
from gatewright.gateway.build import Build
from gatewright.gateway.compile import deny
from gatewright.gateway.descriptors import load_messages
from gatewright.gateway.policies import revoked
from gatewright.gateway.snapshot import Snapshot, Update
from gatewright.gateway.xds import names
from gatewright.gateway.xds.delta import Request, Stream
from gatewright.store.mirror import Difference

MESSAGES = load_messages()
LIST = "org_1/production"
RECENT, SETTLED = (f"revoked-{kind}/{LIST}" for kind in ("recent", "settled"))
SUBJECTS = f"{SETTLED}/subjects"
KEY = "client_reader_production.1"


def scene(revoked: Iterable[str] = ()) -> Scene:
    both = {"production": 8080, "development": 8081}
    return Scene({"environments": both, "revoked": list(revoked)})


@cache
def ids_in(body: bytes) -> frozenset[str]:
    """The ids of one resource, whatever header it looks at."""
    if not body:
        return frozenset()
    config = MESSAGES.unpack(names.EXTENSION, body)["typed_config"]
    found: set[str] = set()
    matcher = config.get("xds_matcher") or config.get("matcher") or {}
    while matcher:
        found |= set(matcher.get("matcher_tree", {}).get("exact_match_map", {}).get("map", ()))
        matcher = matcher.get("on_no_match", {}).get("matcher", {})
    return frozenset(found)


@cache
def children(body: bytes) -> frozenset[str]:
    """The shards that one resource leads to."""
    if not body:
        return frozenset()
    config = MESSAGES.unpack(names.EXTENSION, body)["typed_config"]
    matcher = config.get("xds_matcher")
    if matcher is None:
        return frozenset()
    entries = matcher["matcher_tree"]["prefix_match_map"]["map"].values()
    return frozenset(item["action"]["typed_config"]["dynamic_config"]["name"] for item in entries)


class Lists:
    """Deny lists and what Envoy would refuse by them."""

    def __init__(self, desired: Scene) -> None:
        self.build: Build = desired.build()
        self.snapshot = Snapshot()
        self.snapshot.update(self.build.everything(), 1)

    def take(self, *changes: Difference) -> list[str]:
        updates = self.build.changes(changes)
        self.snapshot.update(updates, self.snapshot.mark + 1)
        return [item.name for item in updates]

    def refused(self, name: str) -> set[str]:
        return set(ids_in(self.snapshot.resources[names.EXTENSION][name].body))

    def settled(self) -> set[str]:
        found = self.snapshot.resources[names.EXTENSION]
        used = children(found[SETTLED].body)
        return set[str]().union(*(self.refused(item) for item in used), self.refused(SUBJECTS))


class Follower:
    """An Envoy of one listener that takes one resource after the other, as the real one does."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot, self.stream = snapshot, Stream(snapshot.resources)
        self.has: dict[str, bytes] = {}
        self.serving = False
        snapshot.watch(self.stream.note)
        shards = (deny.shard_name(LIST, item) for item in deny.SHARDS)
        self._ask(RECENT, SETTLED, *shards)

    def _ask(self, *wanted: str, nonce: str = "") -> None:
        request = Request(names.EXTENSION, subscribe=wanted, nonce=nonce)
        self.stream.receive(request, self._snapshot.mark)

    def refuses(self, id: str) -> bool:
        if id in ids_in(self.has.get(RECENT, b"")) | ids_in(self.has.get(SUBJECTS, b"")):
            return True
        shard = deny.shard_name(LIST, deny.shard_of(id))
        return shard in children(self.has.get(SETTLED, b"")) and id in ids_in(self.has[shard])

    def step(self) -> Iterable[None]:
        """Take in what is sent, one resource at a time; what leads to shards asks for them."""
        while responses := self.stream.send():
            for response in responses:
                for name, resource in response.resources.items():
                    self.has[name] = resource.body
                    if name == SETTLED and self.serving:
                        assert children(resource.body) <= set(self.has), "it would answer 500"
                    yield
                self._ask(nonce=response.nonce)
        self.serving = True


def follow(follower: Follower) -> None:
    for _ in follower.step():
        pass


def jtis(count: int, seed: int = 1) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices(list(revoked.SHARDS_BY_START), k=22)) for _ in range(count)]


def test_a_revocation_re_sends_the_recent_list_alone() -> None:
    desired = scene(["long-ago"])
    lists = Lists(desired)
    assert lists.take(desired.revoke("now")) == [RECENT]
    assert lists.refused(RECENT) == {"long-ago", "now"}
    assert lists.settled() == set()


def test_many_tokens_are_in_shards_from_the_start() -> None:
    many = jtis(denylist.RECENT_MAX + 1)
    desired = scene([*many, ".starts-oddly", KEY])
    lists = Lists(desired)
    assert lists.refused(RECENT) == set()
    assert lists.settled() == {*many, ".starts-oddly", KEY}
    assert lists.take(desired.revoke("now")) == [RECENT]


def test_a_full_recent_list_gives_one_shard_away_and_only_later_forgets_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(denylist, "RECENT_MAX", 3)
    desired = scene()
    lists = Lists(desired)
    for id in ("A1", "A2", "C1"):
        lists.take(desired.revoke(id))
    sent = lists.take(desired.revoke("A3"))
    assert set(sent) == {SETTLED, f"{SETTLED}/00", RECENT}
    assert lists.refused(f"{SETTLED}/00") == {"A1", "A2", "A3"}
    assert lists.refused(RECENT) == {"A1", "A2", "A3", "C1"}
    assert lists.take(desired.revoke("E1")) == [RECENT]
    assert lists.refused(RECENT) == {"C1", "E1"}
    recent = lists.snapshot.resources[names.EXTENSION][RECENT]
    assert recent.after == (names.EXTENSION, f"{SETTLED}*")


@pytest.mark.parametrize("max", [1, 3, 10])
def test_no_envoy_ever_lets_a_revoked_token_in_again(
    monkeypatch: pytest.MonkeyPatch, max: int
) -> None:
    """Whatever comes, and after each single resource that it takes in."""
    monkeypatch.setattr(denylist, "RECENT_MAX", max)
    chance = random.Random(max)
    desired = scene(jtis(2))
    lists, refused = Lists(desired), set[str](jtis(2))
    follower = Follower(lists.snapshot)
    follow(follower)
    for number in range(60):
        count = chance.choice([1, 1, 1, 2, max + 2])
        new = [*jtis(count - 1, seed=number + 9), f"client_x.{number}"]
        lists.take(*map(desired.revoke, new))
        for turn, _ in enumerate(follower.step()):
            assert all(map(follower.refuses, refused))
            if turn == number % 4:  # the next revocation comes in between
                extra = jtis(1, seed=1000 * number + turn + 999)
                lists.take(*map(desired.revoke, extra))
                new += extra
        refused |= set(new)
        assert all(map(follower.refuses, refused))
    assert len(lists.refused(RECENT)) <= 2 * max + 1


@pytest.mark.parametrize("before", [1, 30])
@pytest.mark.parametrize("after", [1, 30])
def test_a_controller_that_starts_anew_leaves_no_gap(
    monkeypatch: pytest.MonkeyPatch, before: int, after: int
) -> None:
    """Its Envoy holds what the one before sent; the new one has read other rows meanwhile."""
    monkeypatch.setattr(denylist, "RECENT_MAX", 10)
    desired = scene([*jtis(before), KEY])
    lists = Lists(desired)
    follower = Follower(lists.snapshot)
    follow(follower)
    lists.take(desired.revoke("newest"))
    follow(follower)
    kept = jtis(min(before, after))
    for id in set(jtis(before)) - set(kept):
        desired.drop("revoked_tokens", id)
    for id in jtis(after):
        desired.revoke(id)
    lists.snapshot.update(desired.build().everything(), 99)
    for _ in follower.step():
        assert all(map(follower.refuses, [*kept, "newest", KEY]))
    assert all(map(follower.refuses, jtis(after)))
    assert follower.stream.settled(99) == 99


def test_subjects_settle_in_a_list_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denylist, "RECENT_MAX", 2)
    desired = scene()
    lists = Lists(desired)
    lists.take(*map(desired.revoke, ("client_a.1", "A1")))
    assert lists.take(desired.revoke("client_b.1")) == [SUBJECTS, RECENT]
    assert lists.refused(SUBJECTS) == {"client_a.1", "client_b.1"}
    assert lists.take(desired.revoke("A2")) == [RECENT]
    assert lists.refused(RECENT) == {"A1", "A2"}


def test_expired_ids_are_dropped_once_no_clock_could_take_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(denylist, "RECENT_MAX", 0)
    desired = scene()
    desired.revoke("over", minutes=-2)
    desired.revoke("just-over", minutes=0)
    lists = Lists(desired)
    assert lists.settled() == {"just-over"}
    lists.take(desired.revoke("fresh"), desired.revoke("over-too", minutes=-2))
    assert lists.settled() == {"just-over", "fresh"}
    assert timedelta(0) < denylist.GRACE < timedelta(minutes=2)


def test_a_shard_that_is_worn_out_is_sent_anew_without_the_expired(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desired = scene()
    old = [f"A{number}" for number in range(600)]
    for id in old:
        desired.revoke(id, minutes=0)
    build, now = desired.build(), AT
    monkeypatch.setattr(build, "_now", lambda: now)
    snapshot = Snapshot()
    snapshot.update(build.everything(), 1)
    now += timedelta(minutes=2)
    gone = [desired.drop("revoked_tokens", id) for id in old]
    assert build.changes(gone[:100]) == []
    updates = build.changes(gone[100:])
    assert [item.name for item in updates] == [f"{SETTLED}/00"]
    assert ids_in(updates[0].body or b"") == set()


def test_each_kind_has_its_own_list() -> None:
    desired = scene()
    lists = Lists(desired)
    lists.take(desired.revoke("s", Kind.SANDBOX))
    assert lists.refused("revoked-recent/org_1/sandbox") == {"s"}
    assert lists.refused(RECENT) == set()


def test_a_revocation_costs_bytes_by_the_recent_list_and_not_by_all_there_are() -> None:
    desired = scene(jtis(5000))
    lists = Lists(desired)
    sizes = []
    for id in jtis(2 * denylist.RECENT_MAX, seed=2):
        updates: list[Update] = lists.build.changes([desired.revoke(id)])
        sizes.append(sum(len(item.body or b"") for item in updates))
        lists.snapshot.update(updates, lists.snapshot.mark + 1)
    assert max(sizes) < 300 * denylist.RECENT_MAX
