"""A snapshot and one stream on it, for tests of the delta protocol without sockets."""

from typing import Any

from gatewright.gateway.snapshot import Snapshot, Update
from gatewright.gateway.xds.delta import Request, Response, Stream


def put(kind: str, name: str, body: str, after: tuple[str, str] | None = None) -> Update:
    return Update(kind, name, body.encode(), after)


def gone(kind: str, name: str) -> Update:
    return Update(kind, name, None)


class Case:
    """A snapshot and one stream on it."""

    def __init__(self, *updates: Update) -> None:
        self.snapshot = Snapshot()
        self.snapshot.update(updates, 1)
        self.stream = Stream(self.snapshot.resources, lambda: self.snapshot.is_kept)
        self.snapshot.watch(self.stream.note)

    def update(self, *updates: Update) -> None:
        self.snapshot.update(updates, self.snapshot.mark + 1)

    def ask(self, kind: str, *subscribe: str, **more: Any) -> None:
        self.stream.receive(Request(kind, subscribe, **more), self.snapshot.mark)

    def ack(self, response: Response) -> None:
        self.stream.receive(Request(response.kind, nonce=response.nonce), self.snapshot.mark)

    def nack(self, response: Response, reason: str = "bad") -> list[str]:
        request = Request(response.kind, nonce=response.nonce, error=reason)
        return [item.name for item in self.stream.receive(request, self.snapshot.mark).rejected]

    def one(self) -> Response:
        (response,) = self.stream.send()
        return response

    def settled(self) -> int:
        return self.stream.settled(self.snapshot.mark)
