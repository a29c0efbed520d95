"""One HTTP/1.1 connection: bytes in, calls to the application in their order, bytes out.

The parser is llhttp, which refuses ambiguous messages; bounds on size and time are kept here.
It knows no endpoint and no client.
"""

import asyncio
from collections import deque
from email.utils import format_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import cast

import httptools

from gatewright.domain.world import World
from gatewright.interfaces.oauth.app import App, Call, Unwritten, problem
from gatewright.sts.answer import Answer, Headers, refusal
from gatewright.sts.errors import RequestTooLarge
from gatewright.sts.request import BODY_BYTES_MAX, Request

REQUEST_SECONDS_MAX = 10
IDLE_SECONDS_MAX = 65
HEAD_BYTES_MAX = 16_384
CONNECTIONS_MAX = 4096
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


@lru_cache(maxsize=256)
def _head(status: int, headers: Headers) -> bytes:
    """The lines that nearly every answer shares with others before it."""
    lines = b"".join(b"%b: %b\r\n" % pair for pair in headers)
    return _STATUS_LINES[status] + lines


class Connections:
    """Every open connection of a worker, and what they share."""

    def __init__(self, app: App, world: World) -> None:
        self.app = app
        self._world = world
        self.open: set[Connection] = set()
        self.draining = False
        self.emptied = asyncio.Event()
        self.date = b""
        self.tick(0.0)

    def accept(self) -> "Connection":
        """A protocol for a new connection."""
        return Connection(self)

    def tick(self, now: float) -> None:
        """Once a second: renew the date, end what has taken too long."""
        date = format_datetime(self._world.now(), usegmt=True)
        self.date = f"date: {date}\r\n".encode()
        for connection in [item for item in self.open if item.deadline < now]:
            connection.expire()

    def drain(self) -> None:
        """Take no further request; connections end as soon as their answer is out."""
        self.draining = True
        for connection in list(self.open):
            connection.end_when_idle()
        self.left()

    def left(self) -> None:
        """Tell who drains when the last connection is gone."""
        if self.draining and not self.open:
            self.emptied.set()


class Connection(asyncio.Protocol):
    """A connection's protocol, and the callbacks of its parser."""

    def __init__(self, connections: Connections) -> None:
        self._all = connections
        self._app = connections.app
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Call, bool]] = deque()
        self._writing = False  # a revocation is being written; later answers have to wait
        self._in_request = False
        self._refused = False
        self.deadline = self._loop.time() + REQUEST_SECONDS_MAX
        self._hosts = self._head_bytes = self._received = self._length = self._body_left = 0
        self._begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        self._all.open.add(self)
        if len(self._all.open) > CONNECTIONS_MAX:
            self._refuse(problem(503, "overloaded", "There are too many connections."))

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self._all.open.discard(self)
        self._all.left()
        self._refused = True

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        if self._refused:
            return
        self._received += len(data)
        if self._body_left:
            self._take_body(data)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as proposal:
            self._take_body(data[proposal.args[0] :])
        except httptools.HttpParserError:
            self._refuse(problem(400, "malformed", "This is no HTTP/1.1 request."))
        if self._in_request and self._received > HEAD_BYTES_MAX + BODY_BYTES_MAX:
            self._refuse_size()

    def pause_writing(self) -> None:
        """Who does not read its answers gets no further ones."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Called by the event loop."""
        self._transport.resume_reading()

    def on_message_begin(self) -> None:
        """Called by the parser."""
        self._begin()
        self._in_request = True
        self.deadline = self._loop.time() + REQUEST_SECONDS_MAX

    def on_url(self, url: bytes) -> None:
        """Called by the parser, maybe with a part."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        self._head_bytes += len(name) + len(value)
        name = name.lower()
        if name == b"authorization":
            self._authorization += (value,)
        elif name == b"content-type":
            self._content_type = value
        elif name == b"host":
            self._hosts += 1
        elif name == b"content-length":
            self._length = int(value)
        elif name == b"expect":
            self._is_expecting = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        if self._head_bytes + len(self._url) > HEAD_BYTES_MAX:
            text = f"Headers are over {HEAD_BYTES_MAX} bytes."
            self._refuse(problem(431, "head-too-large", text))
        elif self._hosts != 1 and self._parser.get_http_version() != "1.0":
            # RFC 9112 §3.2
            self._refuse(problem(400, "malformed", "There must be one Host header."))
        elif self._length > BODY_BYTES_MAX:
            self._refuse_size()
        elif self._is_expecting:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Called by the parser, maybe with a part."""
        self._body += body
        if len(self._body) > BODY_BYTES_MAX:
            self._refuse_size()

    def on_message_complete(self) -> None:
        """Called by the parser, in the order of the requests."""
        if self._parser.should_upgrade() and self._length:
            self._body_left = self._length
        else:
            self._complete()

    def _take_body(self, data: bytes) -> None:
        """The body of a request that proposes an upgrade, where the parser stops.

        Java's client proposes HTTP/2 with each request. It is served as if it had not, which
        RFC 9110 §7.8 allows.
        """
        taken = data[: self._body_left]
        self._body += taken
        self._body_left -= len(taken)
        if taken and not self._body_left:
            self._complete()

    def _complete(self) -> None:
        self._in_request = False
        if self._refused:
            return
        path, _, query = self._url.partition(b"?")
        request = Request(self._body, self._content_type, self._authorization, query, self._address)
        call = Call(self._parser.get_method().decode(), path, request)
        keep = self._parser.should_keep_alive() and not self._parser.should_upgrade()
        if self._writing:
            self._waiting.append((call, keep))
        else:
            self._answer(call, keep=keep)

    def expire(self) -> None:
        """The time is over for a request, or for doing nothing."""
        if self._writing:
            return
        if self._in_request:
            text = f"A request takes {REQUEST_SECONDS_MAX} seconds at most."
            self._refuse(problem(408, "timeout", text))
        self._transport.close()

    def end_when_idle(self) -> None:
        """Close now if nothing is under way."""
        if not self._in_request and not self._writing:
            self._transport.close()

    def _begin(self) -> None:
        self._url = self._body = self._content_type = b""
        self._authorization: tuple[bytes, ...] = ()
        self._hosts = self._head_bytes = self._received = self._length = self._body_left = 0
        self._is_expecting = False

    def _answer(self, call: Call, *, keep: bool) -> None:
        given = self._app.answer(call)
        if isinstance(given, Unwritten):
            self._writing = True
            self._transport.pause_reading()
            work = self._loop.run_in_executor(None, self._app.finish, given)
            work.add_done_callback(lambda done: self._written(done.result(), call, keep=keep))
        else:
            self._send(given, keep=keep, with_body=call.method != "HEAD")

    def _written(self, given: Answer, call: Call, *, keep: bool) -> None:
        self._writing = False
        if self._transport.is_closing():
            return
        self._send(given, keep=keep, with_body=call.method != "HEAD")
        while self._waiting and not self._writing and not self._refused:
            self._answer(self._waiting[0][0], keep=self._waiting.popleft()[1])
        if not self._writing and not self._transport.is_closing():
            self._transport.resume_reading()

    def _send(self, given: Answer, *, keep: bool, with_body: bool) -> None:
        keep = keep and not self._all.draining
        parts = [_head(given.status, given.headers), self._all.date]
        if given.status != 204:
            parts.append(b"content-length: %d\r\n" % len(given.body))
        parts.append(b"\r\n" if keep else b"connection: close\r\n\r\n")
        if with_body:
            parts.append(given.body)
        self._transport.write(b"".join(parts))
        self.deadline = self._loop.time() + IDLE_SECONDS_MAX
        if not keep:
            self._refused = True
            self._transport.close()

    def _refuse_size(self) -> None:
        self._refuse(refusal(RequestTooLarge(f"the body is over {BODY_BYTES_MAX} bytes.")))

    def _refuse(self, given: Answer) -> None:
        """Answer without asking anybody, and end: what follows may be no request."""
        if self._refused:
            return
        self._waiting.clear()
        self._send(given, keep=False, with_body=True)
