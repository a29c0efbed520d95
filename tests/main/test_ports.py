"""Ports are claimed exactly once, moved when busy, and listening sockets can be inherited."""

import os
import socket

import pytest

from gatewright.domain.errors import Unavailable
from gatewright.main.ports import claim


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.real
def test_a_busy_port_moves_to_the_next_free_one() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        wanted = busy.getsockname()[1]
        found = claim("127.0.0.1", wanted, set(), listen=False)
    assert found.port > wanted
    assert found.moved


@pytest.mark.real
def test_a_free_port_is_kept_and_its_socket_inheritable() -> None:
    wanted = free_port()
    found = claim("127.0.0.1", wanted, set(), listen=True)
    assert found.listener is not None
    with found.listener:
        assert (found.port, found.moved) == (wanted, False)
        assert os.get_inheritable(found.listener.fileno())


@pytest.mark.real
def test_one_installation_never_claims_a_port_twice() -> None:
    wanted, taken = free_port(), set[int]()
    first = claim("127.0.0.1", wanted, taken, listen=False)
    second = claim("127.0.0.1", wanted, taken, listen=False)
    assert first.port != second.port


def test_an_address_that_can_not_be_bound_is_said() -> None:
    with pytest.raises(Unavailable, match="no free port"):
        claim("203.0.113.7", 20_000, set(), listen=False)
