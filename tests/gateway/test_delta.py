"""The delta discovery protocol, step by step, without sockets."""

import pytest
from tests.gateway.stream_case import Case, gone, put

from gatewright.gateway.xds.delta import BYTES_PER_RESPONSE_MAX
from gatewright.gateway.xds.names import CLUSTER, EXTENSION, KINDS, LISTENER, ROUTES, SCOPE


def test_wildcard_gets_everything_once() -> None:
    case = Case(put(CLUSTER, "a", "1"), put(CLUSTER, "b", "1"))
    case.ask(CLUSTER)
    response = case.one()
    assert set(response.resources) == {"a", "b"}
    assert case.stream.send() == []
    case.ack(response)
    assert case.stream.send() == []
    assert case.settled() == 1


def test_first_wildcard_is_answered_even_when_there_is_nothing() -> None:
    case = Case()
    case.ask(SCOPE)
    response = case.one()
    assert (response.resources, response.removed) == ({}, ())
    case.ack(response)
    assert case.stream.send() == []


def test_explicit_names_get_what_they_ask_for_and_a_removal_for_what_is_not_there() -> None:
    case = Case(put(ROUTES, "a", "1"), put(ROUTES, "b", "1"))
    case.ask(ROUTES, "a", "absent")
    response = case.one()
    assert set(response.resources) == {"a"}
    case.ack(response)
    removal = case.one()
    assert removal.removed == ("absent",)
    case.ack(removal)
    case.update(put(ROUTES, "absent", "now"), put(ROUTES, "b", "2"))
    assert set(case.one().resources) == {"absent"}


def test_reconnect_with_versions_resends_only_what_differs_and_removes_what_is_gone() -> None:
    case = Case(put(CLUSTER, "same", "1"), put(CLUSTER, "newer", "2"))
    version = case.snapshot.resources[CLUSTER]["same"].version
    case.ask(CLUSTER, initial={"same": version, "newer": "old", "gone": "x"})
    response = case.one()
    assert set(response.resources) == {"newer"}
    case.ack(response)
    assert case.one().removed == ("gone",)


def test_what_was_kept_takes_nothing_newer_away() -> None:
    """A control plane that was killed comes back with an older snapshot than its Envoys have."""
    case = Case(put(EXTENSION, "deny", "none"), put(EXTENSION, "new", "1"))
    case.snapshot.is_kept = True
    case.ask(EXTENSION, "deny", "new", "away", initial={"deny": "newer", "away": "newer"})
    response = case.one()
    assert set(response.resources) == {"new"}
    case.ack(response)
    assert case.stream.send() == []
    assert case.settled() == 0
    case.update()
    response = case.one()
    assert set(response.resources) == {"deny"}
    case.ack(response)
    assert case.one().removed == ("away",)


def test_reconnect_with_everything_current_sends_nothing() -> None:
    case = Case(put(CLUSTER, "a", "1"), put(ROUTES, "r", "1"))
    known = {kind: case.snapshot.resources[kind] for kind in (CLUSTER, ROUTES)}
    versions = {
        kind: {name: item.version for name, item in found.items()} for kind, found in known.items()
    }
    case.ask(CLUSTER, initial=versions[CLUSTER])
    case.ask(ROUTES, "r", initial=versions[ROUTES])
    assert case.stream.send() == []
    assert case.settled() == case.snapshot.mark


def test_one_response_of_a_kind_is_under_way_at_a_time() -> None:
    case = Case(put(ROUTES, "a", "1"))
    case.ask(ROUTES, "a")
    first = case.one()
    case.update(put(ROUTES, "a", "2"))
    assert case.stream.send() == []
    case.ack(first)
    assert case.one().resources["a"].body == b"2"


def test_order_is_clusters_first_and_what_needs_them_after_their_ack() -> None:
    case = Case(*(put(kind, "x", "1") for kind in reversed(KINDS)))
    for kind in (LISTENER, SCOPE, CLUSTER):
        case.ask(kind)
    case.ask(ROUTES, "x")
    case.ask(EXTENSION, "x")
    first = case.stream.send()
    assert [item.kind for item in first] == [CLUSTER, EXTENSION]
    case.ack(first[0])
    assert [item.kind for item in case.stream.send()] == [LISTENER, SCOPE, ROUTES]


def test_removals_wait_for_every_addition_and_go_users_first() -> None:
    case = Case(*(put(kind, "x", "1") for kind in KINDS))
    for kind in (CLUSTER, LISTENER, SCOPE):
        case.ask(kind)
    case.ask(ROUTES, "x")
    for _ in range(2):
        for response in case.stream.send():
            case.ack(response)
    case.update(gone(CLUSTER, "x"), gone(SCOPE, "x"), gone(ROUTES, "x"), put(CLUSTER, "y", "1"))
    addition = case.one()
    assert set(addition.resources) == {"y"}
    assert case.stream.send() == []
    case.ack(addition)
    order = []
    while responses := case.stream.send():
        order += [(item.kind, item.removed) for item in responses]
        case.ack(responses[0])
    assert order == [(SCOPE, ("x",)), (ROUTES, ("x",)), (CLUSTER, ("x",))]


def test_refused_resource_is_named_once_and_not_sent_again_until_it_changes() -> None:
    case = Case(put(ROUTES, "a", "1"))
    case.ask(ROUTES, "a")
    case.ack(case.one())
    case.update(put(ROUTES, "a", "bad"))
    assert case.nack(case.one()) == ["a"]
    assert case.stream.send() == []
    assert case.settled() == case.snapshot.mark
    case.update(put(ROUTES, "a", "good"))
    assert case.one().resources["a"].body == b"good"


def test_a_refused_response_of_many_is_halved_until_the_bad_one_stands_alone() -> None:
    wanted = [f"r{number:02}" for number in range(16)]
    case = Case(*(put(ROUTES, name, "bad" if name == "r11" else "good") for name in wanted))
    case.ask(ROUTES, *wanted)
    rejected, taken, rounds = [], set(), 0
    while responses := case.stream.send():
        rounds += 1
        (response,) = responses
        if any(item.body == b"bad" for item in response.resources.values()):
            rejected += case.nack(response)
        else:
            taken |= set(response.resources)
            case.ack(response)
    assert rejected == ["r11"]
    assert taken == set(wanted) - {"r11"}
    assert rounds <= 10


def test_an_address_moves_only_once_its_new_api_is_in_force() -> None:
    case = Case(put(ROUTES, "old", "1"), put(SCOPE, "alias", "old", (ROUTES, "old")))
    case.ask(SCOPE)
    case.ask(ROUTES, "old")
    for response in case.stream.send():
        case.ack(response)
    case.update(
        put(ROUTES, "new", "1"),
        put(SCOPE, "own", "new", (ROUTES, "new")),
        put(SCOPE, "alias", "new", (ROUTES, "new")),
    )
    response = case.one()
    assert set(response.resources) == {"own"}
    case.ack(response)
    case.ask(ROUTES, "new")
    routes = case.one()
    assert set(routes.resources) == {"new"}
    assert case.settled() < case.snapshot.mark
    case.ack(routes)
    assert set(case.one().resources) == {"alias"}


def test_an_address_of_an_absent_api_is_sent_when_the_api_is_there() -> None:
    case = Case(put(SCOPE, "own", "new", (ROUTES, "new")))
    case.ask(SCOPE)
    empty = case.one()
    assert not empty.resources
    case.ack(empty)
    assert case.settled() == case.snapshot.mark
    case.update(put(ROUTES, "new", "1"))
    assert set(case.one().resources) == {"own"}


def test_an_address_stays_when_its_new_api_is_refused() -> None:
    case = Case(put(ROUTES, "old", "1"), put(SCOPE, "alias", "old", (ROUTES, "old")))
    case.ask(SCOPE)
    case.ask(ROUTES, "old", "new")
    for response in case.stream.send():
        case.ack(response)
    while responses := case.stream.send():
        for response in responses:
            case.ack(response)
    case.update(put(ROUTES, "new", "bad"), put(SCOPE, "alias", "new", (ROUTES, "new")))
    assert case.nack(case.one()) == ["new"]
    assert case.stream.send() == []
    assert case.settled() == case.snapshot.mark


def test_long_lists_go_in_chunks_each_after_the_ack_of_the_one_before() -> None:
    big = "x" * BYTES_PER_RESPONSE_MAX[ROUTES]
    case = Case(*(put(ROUTES, name, big) for name in "abc"))
    case.ask(ROUTES, "a", "b", "c")
    seen = []
    while responses := case.stream.send():
        (response,) = responses
        seen.append(sorted(response.resources))
        case.ack(response)
    assert seen == [["a"], ["b"], ["c"]]


def test_a_small_list_overtakes_long_ones_and_none_of_these_is_left_behind() -> None:
    long = "x" * BYTES_PER_RESPONSE_MAX[EXTENSION]
    case = Case(*(put(EXTENSION, name, long) for name in "abc"), put(EXTENSION, "small", "0"))
    case.ask(EXTENSION, "a", "b", "c", "small")
    seen = []
    for number in range(3):
        response = case.one()
        seen.append(list(response.resources))
        case.update(put(EXTENSION, "small", f"{number + 1}"))
        case.ack(response)
    assert seen == [["small", "a"], ["small", "b"], ["small", "c"]]


def test_what_comes_after_a_star_waits_for_all_of_that_name() -> None:
    case = Case(*(put(EXTENSION, name, "1") for name in ("l", "l/a", "l/b", "user")))
    case.ask(EXTENSION, "l", "l/a", "l/b", "user")
    case.ack(case.one())
    case.update(put(EXTENSION, "user", "2", (EXTENSION, "l*")), put(EXTENSION, "l/b", "2"))
    first = case.one()
    assert set(first.resources) == {"l/b"}
    assert case.settled() < case.snapshot.mark
    case.ack(first)
    second = case.one()
    assert set(second.resources) == {"user"}
    case.ack(second)
    assert case.settled() == case.snapshot.mark


def test_stale_nonce_means_nothing() -> None:
    case = Case(put(CLUSTER, "a", "1"))
    case.ask(CLUSTER)
    response = case.one()
    case.ask(CLUSTER, nonce="never-sent")
    assert case.settled() < case.snapshot.mark
    case.ack(response)
    assert case.settled() == case.snapshot.mark


def test_asked_again_is_sent_again() -> None:
    case = Case(put(ROUTES, "a", "1"))
    case.ask(ROUTES, "a")
    case.ack(case.one())
    case.ask(ROUTES, unsubscribe=("a",))
    case.update(put(ROUTES, "a", "2"))
    assert case.stream.send() == []
    case.ask(ROUTES, "a")
    assert case.one().resources["a"].body == b"2"


@pytest.mark.parametrize("kind", ["type.googleapis.com/envoy.service.secret", "", "*"])
def test_a_kind_we_do_not_serve_is_left_alone(kind: str) -> None:
    case = Case(put(CLUSTER, "a", "1"))
    case.ask(kind, "a")
    assert case.stream.send() == []
