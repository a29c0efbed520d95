"""Random bytes drawn in pools: none is given twice, whatever is asked and by whom."""

import itertools
import threading

import pytest

from gatewright.main.world import POOL_BYTES, pooled, worker_world


def counting():
    numbers = itertools.count()

    def source(count: int) -> bytes:
        return b"".join(next(numbers).to_bytes(4, "big") for _ in range(count // 4 + 1))[:count]

    return source


@pytest.mark.parametrize("sizes", [[16] * 1000, [1, POOL_BYTES, 3, 2 * POOL_BYTES, 5], [0, 16]])
def test_bytes_come_as_many_as_asked(sizes) -> None:
    draw = pooled(counting())
    assert [len(draw(size)) for size in sizes] == sizes


def test_no_bytes_are_given_twice() -> None:
    draw = pooled(counting())
    drawn: list[bytes] = []

    def take() -> None:
        drawn.extend([draw(16) for _ in range(2000)])

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawn) == len(set(drawn)) == 8000


def test_a_workers_world_has_the_real_source() -> None:
    world = worker_world()
    assert world.random_bytes(16) != world.random_bytes(16) != worker_world().random_bytes(16)
