"""The management API as the commands call it: requests, bounded answers, problems as errors."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from gatewright.domain.world import World
from gatewright.interfaces.cli.connection import START, Connection
from gatewright.interfaces.cli.failure import (
    CommandFailed,
    ExitCode,
    exit_code_of,
    unreachable,
)

if TYPE_CHECKING:
    import httpx2

ANSWER_BYTES_MAX = 50_000_000
TIMEOUT_SECONDS = 30.0
PAGE_ITEMS_MAX = 200
SEQUENCE_HEADER = "Gatewright-Sequence"


@dataclass(frozen=True)
class Answer:
    """A JSON body, and the change it belongs to (None for a reading)."""

    body: Any
    sequence: int | None
    status: int = 200


class Management:
    """One installation's management API. `transport` None is the network."""

    def __init__(
        self,
        connection: Connection,
        version: str,
        world: World,
        transport: "httpx2.BaseTransport | None" = None,
    ) -> None:
        self.connection = connection
        self._version = version
        self._world = world
        self._transport = transport
        self._made: httpx2.Client | None = None

    def get(self, path: str, params: Mapping[str, object] | None = None) -> Any:
        """The body of a GET."""
        return self.send("GET", path, params=params).body

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Answer:
        """A POST; with an idempotency key, so that one lost answer may be asked for again."""
        return self.send("POST", path, body=body)

    def items(self, path: str, params: Mapping[str, object], limit: int) -> dict[str, Any]:
        """Up to `limit` items of a list, over as many pages as it takes, and the next cursor."""
        found: list[Any] = []
        cursor: str | None = None
        while True:
            size = min(PAGE_ITEMS_MAX, limit - len(found))
            page = self.get(path, {**params, "limit": size, "cursor": cursor})
            items = page.get("items", []) if isinstance(page, dict) else []
            found += items[:size]
            cursor = page.get("next_cursor") if isinstance(page, dict) else None
            if not cursor or not items or len(found) >= limit:
                return {"items": found, "next_cursor": cursor}

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Answer:
        """One request under `/api/v1`. Raises CommandFailed for what is no success."""
        headers: dict[str, str] = {}
        if method == "POST":
            headers["Idempotency-Key"] = self._world.random_bytes(16).hex()
        kept = {
            name: list(map(str, value)) if isinstance(value, list) else str(value)
            for name, value in (params or {}).items()
            if value is not None
        }
        client = self._client()

        def ask() -> "httpx2.Response":
            return client.request(
                method, f"/api/v1{path}", params=kept or None, json=body, headers=headers
            )

        response = self._ask(ask, again=method in ("GET", "POST"))
        sequence = response.headers.get(SEQUENCE_HEADER, "")
        number = int(sequence) if sequence.isascii() and sequence.isdigit() else None
        if response.is_success:
            return Answer(self._decode(response), number, response.status_code)
        raise problem(response.status_code, response.content, self.connection)

    def close(self) -> None:
        """Give the sockets back."""
        if self._made is not None:
            self._made.close()

    def open(self, base_url: str, token: str | None, *, local: bool) -> "httpx2.Client":
        """A client for a URL of this installation, without redirects: a token never wanders."""
        import httpx2

        headers = {"User-Agent": f"gatewright-cli/{self._version}"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return httpx2.Client(
            base_url=base_url,
            headers=headers,
            timeout=httpx2.Timeout(TIMEOUT_SECONDS, connect=5.0),
            transport=self._transport,
            trust_env=not local,
            follow_redirects=False,
        )

    def _client(self) -> "httpx2.Client":
        if self._made is None:
            connection = self.connection
            token = connection.token
            if token is not None and not (token.isascii() and token.isprintable()):
                raise _unauthenticated("the token holds characters that no token has.")
            self._made = self.open(connection.url, token, local=connection.is_local)
        return self._made

    def _ask(self, ask: "Callable[[], httpx2.Response]", *, again: bool) -> "httpx2.Response":
        import httpx2

        try:
            return ask()
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            self._unreachable("nobody listens there")
        except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
            if again:  # the control process was exchanged under the request
                return self._ask(ask, again=False)
            self._unreachable("the connection broke off")
        except httpx2.TimeoutException:
            self._unreachable(f"no answer within {TIMEOUT_SECONDS:.0f} seconds")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            self._unreachable(type(error).__name__)

    def _unreachable(self, reason: str) -> NoReturn:
        url = self.connection.url
        raise unreachable(f"the management API at {url} can not be reached: {reason}.", START)

    def _decode(self, response: "httpx2.Response") -> Any:
        if not response.content:
            return None
        if len(response.content) > ANSWER_BYTES_MAX:
            raise CommandFailed("the answer is too large.", None, "Ask for less with --limit.")
        try:
            return json.loads(response.content)
        except ValueError:
            raise unreachable(
                f"what answers at {self.connection.url} is no management API.", START
            ) from None


def segment(text: str) -> str:
    """The text as one path segment of a URL; dots alone would climb in the path."""
    quoted = quote(text, safe="")
    return quoted.replace(".", "%2E") if set(text) == {"."} else quoted


def problem(status: int, content: bytes, connection: Connection) -> CommandFailed:
    """The error that a problem+json answer tells (RFC 9457)."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        told = {"detail": f"{connection.url} answered with status {status}.", "way_out": START}
    code = exit_code_of(status) or ExitCode.ERROR
    if status == 401:
        return _unauthenticated(_text(told, "detail") or "the token is not accepted.")
    return CommandFailed(
        _text(told, "detail") or _text(told, "title") or f"status {status}",
        _text(told, "field"),
        _text(told, "way_out"),
        _text(told, "code") or f"http-{status}",
        code,
        _items(told.get("errors")),
    )


def _items(errors: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(errors, list):
        return ()
    return tuple(
        (str(item.get("field", "")), str(item.get("message", "")))
        for item in errors[:50]
        if isinstance(item, dict)
    )


def _text(content: Mapping[str, object], name: str) -> str | None:
    value = content.get(name)
    return value if isinstance(value, str) and value else None


def _unauthenticated(reason: str) -> CommandFailed:
    return CommandFailed(
        reason,
        "token",
        "Run `gatewright login URL` with a sign-in link, or set GATEWRIGHT_TOKEN_FILE.",
        "unauthenticated",
        ExitCode.DENIED,
    )
