"""The record of used proofs: nothing twice, nothing forgotten too early, and a bound."""

import pytest

from gatewright.crypto.dpop import AGE_SECONDS_MAX, AHEAD_SECONDS_MAX, DpopProof, InvalidProof
from gatewright.interfaces.authz.replays import Full, Replays

NOW = 1_000_000


def proof(jti: str, iat: int = NOW, key: str = "key") -> DpopProof:
    return DpopProof(key, jti, iat, None)


def test_a_proof_counts_once_as_long_as_it_could_be_used() -> None:
    replays = Replays(0)
    ahead = NOW + 10
    assert replays.accept(proof("a", ahead), NOW)
    for now in (NOW, NOW + 30, ahead + AGE_SECONDS_MAX):
        with pytest.raises(InvalidProof, match="used before"):
            replays.accept(proof("a", ahead), now)
    assert replays.accept(proof("b", ahead + 1), ahead + AGE_SECONDS_MAX + 1)
    assert len(replays) == 1


def test_the_same_id_of_another_key_is_another_proof() -> None:
    replays = Replays(0)
    assert replays.accept(proof("a"), NOW)
    assert replays.accept(proof("a", key="other"), NOW)


def test_a_proof_from_before_the_start_is_remembered_and_not_believed() -> None:
    replays, ahead = Replays(NOW), NOW + AHEAD_SECONDS_MAX
    assert not replays.accept(proof("a", NOW), NOW + 1)
    assert not replays.accept(proof("dated ahead and used before the start", ahead), NOW + 1)
    assert replays.accept(proof("b", ahead + 1), NOW + 1)
    with pytest.raises(InvalidProof):
        replays.accept(proof("a", NOW), NOW + 2)


def test_a_clock_that_is_set_back_brings_no_proof_back() -> None:
    replays = Replays(0)
    assert replays.accept(proof("a"), NOW)
    assert replays.accept(proof("b", NOW + 3600), NOW + 3600)
    assert not replays.accept(proof("a"), NOW + 1)
    assert replays.accept(proof("c", NOW + 3600), NOW + 3600)


def test_when_it_is_full_nothing_more_is_accepted_until_something_is_too_old() -> None:
    replays = Replays(0, proofs_max=3)
    for number in range(3):
        replays.accept(proof(f"a{number}", NOW + number, key=str(number)), NOW + 3)
    with pytest.raises(Full):
        replays.accept(proof("more"), NOW + 3)
    assert replays.accept(proof("more", NOW + 61), NOW + 61)


def test_one_key_can_not_fill_it_for_all() -> None:
    replays = Replays(0, per_key_max=2)
    for number in range(2):
        replays.accept(proof(str(number)), NOW)
    with pytest.raises(Full):
        replays.accept(proof("2"), NOW)
    assert replays.accept(proof("2", key="other"), NOW)
    assert replays.accept(proof("2", NOW + 61), NOW + 61)
