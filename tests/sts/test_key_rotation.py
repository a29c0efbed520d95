"""The life of signing keys, as decided: a state machine over every order of what may happen."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gatewright.domain.environment import Kind
from gatewright.domain.observed import ABSENT_AFTER, GatewayNode
from gatewright.domain.token import KEY_GRACE, SigningKey
from gatewright.sts.keys import rotation
from gatewright.sts.keys.rotation import (
    ACTIVE,
    ANNOUNCED,
    OUTLIVED,
    RETIRED,
    SILENCE_MAX,
    WITHDRAWN,
    Activate,
    Announce,
    Remove,
    Retire,
    Rules,
    due,
    signing_key,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = Rules("ES256", 90 * DAY, HOUR, DAY)


def key(id: str, state: str = ACTIVE, age: timedelta = HOUR, **more) -> SigningKey:
    values = {"algorithm": "ES256", **more}
    return SigningKey(id, "org_1", Kind.PRODUCTION, values.pop("algorithm"), "{}", b"", state,
                      NOW - age, **values)  # fmt: skip


def names(steps: Iterable[object]) -> list[str]:
    return [f"{type(step).__name__} {step.key.id if hasattr(step, 'key') else step.algorithm}"
            for step in steps]  # fmt: skip


@pytest.mark.parametrize(("rows", "applied", "wanted"), [
    pytest.param([], None, ["Announce ES256"], id="no-key-at-all"),
    pytest.param([key("a")], 0, [], id="nothing-to-do"),
    pytest.param([key("a", age=91 * DAY)], 0, ["Announce ES256"], id="old-key"),
    pytest.param([key("a", age=91 * DAY, activates_at=NOW - DAY)], 0, [],
                 id="made-long-ago-and-signing-since-yesterday"),
    pytest.param([key("a", age=91 * DAY), key("b", ANNOUNCED, activates_at=NOW + HOUR)], 9, [],
                 id="announced-once-only"),
    pytest.param([key("a"), key("b", ANNOUNCED, activates_at=NOW, announced_sequence=5)], 4, [],
                 id="waits-for-the-gateways"),
    pytest.param([key("a"), key("b", ANNOUNCED, activates_at=NOW, announced_sequence=5)], 5,
                 ["Activate b", "Retire a"], id="gateways-have-it"),
    pytest.param([key("a"), key("b", ANNOUNCED, activates_at=NOW, announced_sequence=5)], None,
                 ["Activate b", "Retire a"], id="no-gateway-to-wait-for"),
    pytest.param([key("a"), key("b", ANNOUNCED, activates_at=NOW + HOUR)], 9, [],
                 id="waits-for-its-time"),
    pytest.param([key("a", algorithm="RS256")], 0, ["Announce ES256"], id="another-algorithm"),
    pytest.param([key("a"), key("b", ANNOUNCED, algorithm="RS256", activates_at=NOW)], 9,
                 ["Remove b"], id="changed-back-before-it-signed"),
    pytest.param([key("a", algorithm="RS256"), key("b", ANNOUNCED, algorithm="EdDSA")], 9,
                 ["Remove b", "Announce ES256"], id="changed-twice"),
    pytest.param([key("a", age=DAY), key("b")], 0, ["Retire a"], id="two-that-sign"),
    pytest.param([key("a"), key("b", ANNOUNCED, age=2 * HOUR, activates_at=NOW + HOUR),
                  key("c", ANNOUNCED, activates_at=NOW + HOUR)], 9, ["Remove b"],
                 id="announced-by-two-processes"),
    pytest.param([key("a"), key("b", RETIRED, removes_at=NOW)], 0, ["Remove b"], id="outlived"),
    pytest.param([key("a"), key("b", RETIRED, removes_at=NOW + HOUR)], 0, [], id="still-verifies"),
    pytest.param([key("b", RETIRED, removes_at=NOW + HOUR)], 0, ["Announce ES256"],
                 id="only-retired"),
])  # fmt: skip
def test_what_is_due(rows: list[SigningKey], applied: int | None, wanted: list[str]) -> None:
    assert names(due(rows, NOW, RULES, applied)) == wanted


def test_by_hand_only_announces_nothing() -> None:
    rules = replace(RULES, rotation=None)
    assert due([key("a", age=3650 * DAY)], NOW, rules, 0) == ()


def test_a_scheduled_key_signs_after_the_announcement_and_another_algorithm_at_once() -> None:
    assert due([key("a", age=91 * DAY)], NOW, RULES, 0) == (Announce("ES256", NOW + HOUR),)
    other = [key("a", algorithm="RS256")]
    assert due(other, NOW, RULES, 0) == (Announce("ES256", NOW),)


def test_a_retired_key_outlives_a_lifetime_that_was_longer_before() -> None:
    long = key("a", removes_at=NOW + 3 * DAY)
    new = key("b", ANNOUNCED)
    retired = [step for step in due([long, new], NOW, RULES, None) if isinstance(step, Retire)]
    assert retired == [Retire(long, NOW + 3 * DAY)]
    short = key("a")
    retired = [step for step in due([short, new], NOW, RULES, None) if isinstance(step, Retire)]
    assert retired == [Retire(short, NOW + DAY + KEY_GRACE)]


def node(applied: int, seen: timedelta = timedelta(), *, here: bool = True, **more) -> GatewayNode:
    values = {"environment_ids": frozenset({"env_1"}), **more}
    return GatewayNode("n", values["environment_ids"], here, NOW - seen, "1.40", applied, "")


WAITING = [key("a"), key("b", ANNOUNCED, age=HOUR, announced_sequence=5)]


@pytest.mark.parametrize(
    ("nodes", "wanted"),
    [
        pytest.param([], None, id="none"),
        pytest.param([node(7), node(3)], 3, id="the-last-one-counts"),
        pytest.param([node(7), node(3, HOUR, here=False)], 7, id="who-left-does-not-count"),
        pytest.param([node(7), node(3, here=False)], 3, id="who-left-a-moment-ago-does"),
        pytest.param([node(7), node(3, environment_ids=frozenset({"env_2"}))], 7, id="elsewhere"),
        pytest.param([node(7), node(3, SILENCE_MAX)], 3, id="silent-and-waited-for"),
        pytest.param([node(7), node(3, SILENCE_MAX + HOUR)], 7, id="given-up"),
    ],
)
def test_which_gateways_are_waited_for(nodes: list[GatewayNode], wanted: int | None) -> None:
    found = rotation.applied_by(nodes, frozenset({"env_1"}), WAITING, NOW)
    assert found == wanted


def test_a_silent_gateway_holds_an_emergency_up_for_seconds_only() -> None:
    rows = [key("b", ANNOUNCED, age=ABSENT_AFTER, announced_sequence=5)]
    for silent, wanted in ((ABSENT_AFTER, 3), (ABSENT_AFTER + timedelta(seconds=1), None)):
        late = [replace(row, created_at=NOW - silent) for row in rows]
        found = rotation.applied_by([node(3, HOUR)], frozenset({"env_1"}), late, NOW)
        assert found == wanted


def test_a_gateway_has_time_from_the_announcement_on() -> None:
    rows = [key("a"), key("b", ANNOUNCED, age=timedelta(minutes=9), announced_sequence=5)]
    quiet = [node(3, 30 * DAY)]
    assert rotation.applied_by(quiet, frozenset({"env_1"}), rows, NOW) == 3


class Life(RuleBasedStateMachine):
    """One issuer: time passes, gateways follow late, settings change, tokens are issued."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.sequence, self.serial = NOW, 1, 1
        self.gateways = [1, 1]
        self.rules = Rules("ES256", timedelta(days=2), timedelta(hours=1), timedelta(hours=24))
        self.rows = {"k0": key("k0", age=timedelta())}
        self.tokens: list[tuple[str, datetime]] = []
        self.served = [{"k0"}, {"k0"}]
        self.published = {1: {"k0"}}
        self.emergency = False

    def _write(self) -> None:
        self.sequence += 1
        self.published[self.sequence] = set(self.rows)

    def _announce(self, algorithm: str, at: datetime) -> None:
        id = f"k{self.serial}"
        self.serial += 1
        row = SigningKey(id, "org_1", Kind.PRODUCTION, algorithm, "{}", b"", ANNOUNCED, self.now,
                         activates_at=at, announced_sequence=self.sequence + 1)  # fmt: skip
        self.rows[id] = row
        self._write()

    @rule()
    def keeper(self) -> None:
        """As `carry` does it."""
        for step in due(list(self.rows.values()), self.now, self.rules, min(self.gateways)):
            if isinstance(step, Announce):
                self._announce(step.algorithm, step.activates_at)
                continue
            row = self.rows[step.key.id]
            if isinstance(step, Remove):
                assert (row.state, step.reason) in ((RETIRED, OUTLIVED), (ANNOUNCED, WITHDRAWN))
                del self.rows[row.id]
            elif isinstance(step, Activate):
                assert row.state == ANNOUNCED
                self.rows[row.id] = replace(row, state=ACTIVE, activates_at=self.now)
                self.emergency = False
            else:
                self.rows[row.id] = replace(row, state=RETIRED, removes_at=step.removes_at)
            self._write()

    @rule(which=st.integers(0, 1), share=st.floats(0, 1))
    def gateway_follows(self, which: int, share: float) -> None:
        behind = self.sequence - self.gateways[which]
        self.gateways[which] += round(behind * share)
        self.served[which] = self.published[self.gateways[which]]

    @rule(hours=st.sampled_from([1, 11, 13, 49]))
    def time_passes(self, hours: int) -> None:
        """Never while a gateway is behind: how long one may be away is not told here."""
        self.gateways = [self.sequence, self.sequence]
        self.served = [self.published[self.sequence]] * 2
        self.now += timedelta(hours=hours)
        self.tokens = [(kid, end) for kid, end in self.tokens if end > self.now]

    @rule(algorithm=st.sampled_from(["ES256", "PS256"]))
    def algorithm_changes(self, algorithm: str) -> None:
        self.rules = replace(self.rules, algorithm=algorithm)

    @rule(now=st.booleans())
    def rotated_by_hand(self, now: bool) -> None:
        if not any(row.state == ANNOUNCED for row in self.rows.values()):
            wait = timedelta() if now else self.rules.announcement
            self._announce(self.rules.algorithm, self.now + wait)

    @rule()
    def emergency_happens(self) -> None:
        self.rows.clear()
        self.tokens.clear()
        self.emergency = True
        self._announce(self.rules.algorithm, self.now)

    @precondition(lambda self: not self.emergency)
    @rule(hours=st.sampled_from([1, 24]))
    def token_issued(self, hours: int) -> None:
        signing = signing_key(self.rows.values(), self.rules.algorithm)
        assert signing is not None
        self.tokens.append((signing.id, self.now + timedelta(hours=hours)))

    @invariant()
    def exactly_one_key_signs(self) -> None:
        active = [row for row in self.rows.values() if row.state == ACTIVE]
        assert len(active) == (0 if self.emergency else 1)

    @invariant()
    def every_gateway_has_the_key_that_signs(self) -> None:
        signing = signing_key(self.rows.values(), self.rules.algorithm)
        if signing is not None:
            assert all(signing.id in served for served in self.served)

    @invariant()
    def no_living_token_lost_its_key(self) -> None:
        assert {kid for kid, _ in self.tokens} <= self.rows.keys()
        for served in self.served:
            assert {kid for kid, _ in self.tokens} <= served


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
