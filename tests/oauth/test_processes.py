"""Workers as processes on one socket: they drain, they may be killed, and no other notices."""

import http.client
import signal
import socket
import threading
import time

import pytest
from tests.oauth.worker import GRANT, JWKS_ONCE, Worker, exchange, receive_all, statuses, workers
from tests.sts.installation import PRODUCTION

from gatewright.interfaces.oauth.server import DRAIN_SECONDS

pytestmark = pytest.mark.real


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_under_way_is_finished(number: int) -> None:
    with workers() as (worker,):
        exchange(worker.port, JWKS_ONCE.replace(b"GET", b"POST").replace(b"jwks", b"token"))
        raw = worker.post("token", GRANT)
        with (
            socket.create_connection(("127.0.0.1", worker.port)) as slow,
            socket.create_connection(("127.0.0.1", worker.port)) as idle,
        ):
            idle.sendall(worker.post("token", GRANT))
            assert idle.recv(1)
            slow.sendall(raw[:-5])
            time.sleep(0.3)
            worker.process.send_signal(number)
            receive_all(idle)  # comes to an end
            slow.sendall(raw[-5:])
            answer = receive_all(slow)
            assert statuses(answer) == [200] and b"connection: close" in answer
        code, lines = worker.stop(number)
    assert code == 0
    assert [line["event"] for line in lines] == [
        "request.refused", "tokens.issued", "process.stopped",
    ]  # fmt: skip
    assert (lines[0]["address"], lines[1]["count"]) == ("127.0.0.1", 2)


def test_who_never_finishes_does_not_hold_it_up() -> None:
    with workers() as (worker,):
        with socket.create_connection(("127.0.0.1", worker.port)) as endless:
            endless.sendall(worker.post("token", GRANT)[:-1])
            time.sleep(0.3)
            began = time.monotonic()
            code, _ = worker.stop(signal.SIGTERM)
        assert code == 0
        assert DRAIN_SECONDS - 1 < time.monotonic() - began < DRAIN_SECONDS + 3


class Caller(threading.Thread):
    """Asks for keys on new connections until told to stop; `failures` are times of broken ones."""

    def __init__(self, worker: Worker, stop: threading.Event) -> None:
        super().__init__()
        self.port, self.stop = worker.port, stop
        self.answers, self.failures = 0, []

    def run(self) -> None:
        while not self.stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                connection.request("GET", f"{PRODUCTION}/jwks")
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200
                self.answers += 1
            except (OSError, http.client.HTTPException):
                self.failures.append(time.monotonic())
            finally:
                connection.close()


def call_while(worker: Worker, act) -> tuple[list[Caller], float]:
    stop = threading.Event()
    callers = [Caller(worker, stop) for _ in range(4)]
    for caller in callers:
        caller.start()
    time.sleep(0.7)
    moment = time.monotonic()
    act()
    time.sleep(1)
    stop.set()
    for caller in callers:
        caller.join(20)
    assert all(caller.answers > 10 for caller in callers)
    return callers, moment


def test_a_drain_loses_no_answer() -> None:
    with workers(2) as (first, second):
        callers, _ = call_while(second, lambda: first.stop(signal.SIGTERM))
        assert first.process.returncode == 0 and second.process.poll() is None
    assert [caller.failures for caller in callers] == [[]] * len(callers)


def test_a_kill_breaks_only_what_the_killed_one_had_under_way() -> None:
    with workers(2) as (first, second):
        callers, moment = call_while(second, first.process.kill)
        assert first.process.wait(5) == -signal.SIGKILL and second.process.poll() is None
    for caller in callers:
        assert len(caller.failures) <= 1
        assert all(0 <= failure - moment < 0.5 for failure in caller.failures)
