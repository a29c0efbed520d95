"""The Reading List's HTTP service: books in memory, plain ASGI without a framework.

It checks no token: whoever reaches it was let in by the gateway. It keeps at most BOOKS_MAX books
and reads at most BODY_BYTES_MAX of a request, and forgets all at the end of its process.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

BOOKS_MAX = 1000
BODY_BYTES_MAX = 16_384
TEXT_LENGTH_MAX = 200
_STATUSES = ("to-read", "reading", "read")
_FIRST_BOOKS = (
    ("A Wizard of Earthsea", "Ursula K. Le Guin", "read"),
    ("The Left Hand of Darkness", "Ursula K. Le Guin", "reading"),
    ("Invisible Cities", "Italo Calvino", "to-read"),
)
Book = dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What goes back: a status, a JSON body (None for no body), further headers."""

    status: int
    body: Any = None
    headers: tuple[tuple[bytes, bytes], ...] = ()


class BadRequest(Exception):
    """A body that is no book; the text says why."""


class BodyTooLarge(Exception):
    """A body over BODY_BYTES_MAX."""


class ReadingList:
    """The books by id, in the order they were added."""

    def __init__(self) -> None:
        self._books: dict[str, Book] = {}
        self._last = 0
        for title, author, status in _FIRST_BOOKS:
            self._add({"title": title, "author": author, "status": status})

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """The answer to one request; raises BadRequest for a body that is no book."""
        if path == "/books":
            return self._collection(method, body)
        head, _, id = path.rpartition("/")
        if head == "/books" and id:
            return self._member(method, id, body)
        return _problem(404, "there is nothing at this path")

    def _collection(self, method: str, body: bytes) -> Answer:
        if method == "GET":
            return Answer(200, {"items": list(self._books.values()), "count": len(self._books)})
        if method != "POST":
            return _not_allowed("GET, POST")
        if len(self._books) >= BOOKS_MAX:
            return _problem(409, f"the list is full: it holds {BOOKS_MAX} books")
        book = self._add(_book(body))
        return Answer(201, book, ((b"location", f"/books/{book['id']}".encode()),))

    def _member(self, method: str, id: str, body: bytes) -> Answer:
        if method not in ("GET", "PUT", "DELETE"):
            return _not_allowed("GET, PUT, DELETE")
        if id not in self._books:
            return _problem(404, "there is no book with this id")
        if method == "PUT":
            self._books[id] = {"id": id, **_book(body)}
        if method == "DELETE":
            del self._books[id]
            return Answer(204)
        return Answer(200, self._books[id])

    def _add(self, fields: Book) -> Book:
        self._last += 1
        book = {"id": str(self._last), **fields}
        self._books[book["id"]] = book
        return book


def create_app() -> App:
    """A new, independent service with its three first books."""
    books = ReadingList()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await _send(await _answer(books, scope, receive), scope["method"], send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    return app


async def _answer(books: ReadingList, scope: Message, receive: Receive) -> Answer:
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    try:
        return books.answer(method, scope["path"], await _read(receive))
    except BadRequest as error:
        return _problem(400, str(error))
    except BodyTooLarge:
        close = ((b"connection", b"close"),)
        return Answer(413, _problem(413, f"more than {BODY_BYTES_MAX} bytes").body, close)


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            raise BodyTooLarge
        if not message.get("more_body"):
            return bytes(body)


async def _send(answer: Answer, method: str, send: Send) -> None:
    text = b"" if answer.body is None else json.dumps(answer.body, ensure_ascii=False).encode()
    headers = [(b"content-length", str(len(text)).encode()), *answer.headers]
    if text:
        headers.append((b"content-type", b"application/json"))
    if answer.status == 204:
        headers = list(answer.headers)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else text})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _book(body: bytes) -> Book:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON") from None
    if not isinstance(fields, dict):
        raise BadRequest("the body is not a JSON object")
    unknown = sorted(set(fields) - {"title", "author", "status"})
    if unknown:
        raise BadRequest(f"a book has title, author and status, and no {unknown[0][:40]!r}")
    status = fields.get("status", "to-read")
    if status not in _STATUSES:
        raise BadRequest(f"status: must be one of {', '.join(_STATUSES)}")
    return {"title": _text(fields, "title"), "author": _text(fields, "author"), "status": status}


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= TEXT_LENGTH_MAX:
        raise BadRequest(f"{name}: must be a text of 1 to {TEXT_LENGTH_MAX} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadRequest(f"{name}: is not valid Unicode") from None
    return value.strip()


def _problem(status: int, reason: str) -> Answer:
    return Answer(status, {"error": reason})


def _not_allowed(methods: str) -> Answer:
    return Answer(405, {"error": f"use {methods}"}, ((b"allow", methods.encode()),))
