"""The thread that looks: soon, again, on after a failure, and not after its end."""

import threading

import pytest

from gatewright.domain.errors import Unavailable
from gatewright.main.watch import Watch

SOON = 0.01


@pytest.mark.parametrize("error, reported", [
    pytest.param(None, 0, id="no failure"),
    pytest.param(Unavailable("It is away."), 0, id="the database is away"),
    pytest.param(ValueError("x"), 1, id="a failure nobody expected"),
])  # fmt: skip
def test_it_looks_on_whatever_happens(error: Exception | None, reported: int) -> None:
    looks, failures, often = [], [], threading.Event()

    def look() -> None:
        looks.append(1)
        if len(looks) >= 3:
            often.set()
        elif error and len(looks) == 1:
            raise error

    watch = Watch("test", look, SOON, failures.append)
    watch.start()
    assert often.wait(10)
    watch.stop()
    seen = len(looks)
    assert len(failures) == reported
    assert threading.Event().wait(5 * SOON) is False
    assert len(looks) == seen
