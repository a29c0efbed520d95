"""A thread that looks after something now and then, and outlives its failures."""

import threading
from collections.abc import Callable

from gatewright.domain.errors import Unavailable


class Watch:
    """Calls `look` at the start and every `pause_seconds`; what it raises goes to `fail`."""

    def __init__(
        self,
        name: str,
        look: Callable[[], None],
        pause_seconds: float,
        fail: Callable[[BaseException], None],
    ) -> None:
        self._look, self._pause_seconds, self._fail = look, pause_seconds, fail
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, once it has finished its look."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look()
            except Unavailable:
                pass  # the database is away, which others report
            except Exception as error:  # noqa: BLE001  the next look needs this thread
                self._fail(error)
            self._stopping.wait(self._pause_seconds)
