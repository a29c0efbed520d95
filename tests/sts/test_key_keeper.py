"""The keeper over a real store: what is due is done once, with its record, or not at all."""

import threading
from dataclasses import replace

import pytest
from tests.sts.installation import PRODUCTION, Installation, claims, header

from gatewright.domain.audit import AuditRecord
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Unavailable
from gatewright.domain.observed import GatewayNode
from gatewright.domain.token import SigningKey
from gatewright.sts import keys
from gatewright.sts.keys import carry


class Kept:
    """A keeper over an installation with one gateway, which follows when told."""

    def __init__(self, gw: Installation) -> None:
        self.gw = gw
        self.events: list[object] = []
        self.failures: list[BaseException] = []
        self.signers = keys.backends(gw.keyring, gw.world)
        self.keeper = self.another()
        self.desk = keys.KeyDesk(gw.world, self.signers, self.keeper.hurry)

    def another(self) -> keys.Keeper:
        gw = self.gw
        return keys.Keeper(
            gw.store, gw.world, self.signers, self.events.append, self.failures.append
        )

    def gateway_follows(self, applied: int | None = None) -> None:
        gw = self.gw
        with gw.store.write() as tx:
            everywhere = frozenset(row.id for row in tx.environments.find())
            row = GatewayNode("g", everywhere, True, gw.clock.now, "1", applied or tx.sequence, "")
            known = tx.gateway_nodes.get("g")
            if known is None:
                tx.gateway_nodes.add(row)
            else:
                tx.gateway_nodes.replace(replace(row, revision=known.revision))

    def states(self, kind: Kind = Kind.PRODUCTION) -> list[str]:
        with self.gw.store.read() as tx:
            return sorted(row.state for row in tx.signing_keys.find(kind=kind))

    def rotate(self, *, now: bool) -> list[SigningKey]:
        made = self.desk.make(self.gw.organization, [Kind.PRODUCTION])
        with self.gw.store.write() as tx:
            record = carry.system_record(tx, self.gw.world)
            return self.desk.announce(tx, self.gw.organization, made, record, now=now)

    def actions(self) -> list[str]:
        with self.gw.store.read() as tx:
            return [record.action for record in tx.audit_records.find()]


@pytest.fixture
def kept(gw: Installation) -> Kept:
    found = Kept(gw)
    found.gateway_follows()
    return found


def test_a_scheduled_rotation_from_the_first_day_to_the_last(kept: Kept) -> None:
    gw = kept.gw
    pair = gw.add_pair(gw.add_application())
    first = header(gw.token(pair))["kid"]
    kept.keeper.look()
    assert kept.states() == ["active"] and kept.actions() == []
    gw.clock.pass_by(days=90)
    kept.keeper.look()
    assert kept.states() == ["active", "announced"]
    gw.clock.pass_by(hours=1)
    kept.keeper.look()
    assert kept.states() == ["active", "announced"], "the gateway has not reported it"
    kept.gateway_follows()
    kept.keeper.look()
    assert kept.states() == ["active", "retired"]
    old, new = gw.token(pair), header(gw.token(pair))["kid"]
    assert new != first and header(old)["kid"] == new
    gw.clock.pass_by(days=1, minutes=4)
    kept.keeper.look()
    assert kept.states() == ["active", "retired"]
    gw.clock.pass_by(minutes=1)
    kept.keeper.look()
    assert kept.states() == ["active"]
    told = [type(event).__name__ for event in kept.events]
    assert told == ["KeyAnnounced"] * 2 + ["KeyActivated", "KeyRetired"] * 2 + ["KeyRemoved"] * 2
    assert sorted(set(kept.actions())) == [
        "keys.activate", "keys.announce", "keys.remove", "keys.retire",
    ]  # fmt: skip


def test_an_old_token_is_alive_as_long_as_it_says(kept: Kept) -> None:
    gw = kept.gw
    pair = gw.add_pair(gw.add_application(), ttl=86_400)
    token = gw.token(pair)
    kept.rotate(now=True)
    kept.gateway_follows()
    for _ in range(24):
        kept.keeper.look()
        told = gw.post(f"{PRODUCTION}/introspect", pair, form={"token": token}).json
        assert told["active"] is True, claims(token)
        gw.clock.pass_by(hours=1)


def test_announced_by_hand_once_and_hurried_by_hand(kept: Kept) -> None:
    (later,) = kept.rotate(now=False)
    (again,) = kept.rotate(now=False)
    (hurried,) = kept.rotate(now=True)
    assert later.id == again.id == hurried.id
    assert hurried.activates_at == kept.gw.clock.now
    kept.gateway_follows(later.announced_sequence - 1)
    kept.keeper.look()
    assert kept.states() == ["active", "announced"]
    kept.gateway_follows(later.announced_sequence)
    kept.keeper.look()
    assert kept.states() == ["active", "retired"]


def test_an_emergency_removes_every_key_and_the_next_one_signs_when_the_gateway_has_it(
    kept: Kept,
) -> None:
    gw = kept.gw
    pair = gw.add_pair(gw.add_application())
    old = gw.token(pair)
    made = kept.desk.make(gw.organization, [Kind.PRODUCTION])
    with gw.store.write() as tx:
        record = carry.system_record(tx, gw.world)
        kept.desk.replace_all(tx, gw.organization, made, record)
    kept.keeper.look()
    answer = gw.post(f"{PRODUCTION}/token", pair)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert kept.states() == ["announced"] and kept.states(Kind.SANDBOX) == ["active"]
    kept.gateway_follows()
    kept.keeper.look()
    new = gw.token(pair)
    told = [gw.post(f"{PRODUCTION}/introspect", pair, form={"token": token}).json["active"]
            for token in (old, new)]  # fmt: skip
    assert told == [False, True]


def test_what_can_not_be_audited_does_not_happen(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> AuditRecord:
        raise Unavailable("the audit is full.")

    def record(*values: object, **more: object) -> AuditRecord:
        return full(**more)

    kept.rotate(now=True)
    kept.gateway_follows()
    with monkeypatch.context() as patch:
        patch.setattr(carry, "AuditRecord", record)
        with pytest.raises(Unavailable):
            kept.keeper.look()
    assert kept.states() == ["active", "announced"]
    assert kept.events == []


def test_several_keepers_at_once_do_it_once(kept: Kept) -> None:
    kept.gw.clock.pass_by(days=91)
    keepers = [kept.another() for _ in range(4)]

    def all_look() -> None:
        threads = [threading.Thread(target=keeper.look) for keeper in keepers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    all_look()
    assert kept.states() == ["active", "announced"]
    kept.gw.clock.pass_by(hours=1)
    kept.gateway_follows()
    all_look()
    assert kept.states() == ["active", "retired"]
    assert sorted(kept.actions()) == (
        ["keys.activate"] * 2 + ["keys.announce"] * 2 + ["keys.retire"] * 2
    )


def test_the_thread_survives_what_nobody_expected_and_stops(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, failing = threading.Event(), [RuntimeError("odd"), Unavailable("away"), None]

    def look() -> bool:
        error = failing.pop(0) if failing else None
        if error is not None:
            raise error
        looked.set()
        return False

    monkeypatch.setattr(kept.keeper, "look", look)
    kept.keeper.hurry()
    kept.keeper.start()
    for _ in range(3):
        kept.keeper.hurry()
        looked.wait(0.1)
    assert looked.wait(10)
    kept.keeper.stop()
    assert [type(error) for error in kept.failures] == [RuntimeError]
