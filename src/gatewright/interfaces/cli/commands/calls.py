"""`gatewright curl`: calls an API through the gateway with a fresh token that nobody sees."""

import base64
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from gatewright.interfaces.cli.commands.tokens import Scope, issue
from gatewright.interfaces.cli.connection import LOOPBACK
from gatewright.interfaces.cli.failure import exit_code_of, unreachable, usage
from gatewright.interfaces.cli.options import AppName, Data, Json, Kind, KindOption
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean, clean_lines

if TYPE_CHECKING:
    import httpx2

_BODY_BYTES_MAX = 50_000_000


def call(
    context: typer.Context,
    app: AppName,
    method: Annotated[str, typer.Argument(metavar="METHOD", help="GET, POST, …")],
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="From the gateway on: /context/v1/path?query.")
    ],
    *,
    scope: Scope = None,
    kind: KindOption = Kind.PRODUCTION,
    body: Annotated[
        str | None,
        typer.Option("--data-body", "-d", metavar="TEXT|@FILE|@-", help="The request's body."),
    ] = None,
    headers: Annotated[
        list[str] | None, typer.Option("--header", "-H", metavar="NAME:VALUE", help="A header.")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Call an API with a token that is not shown.

    The body goes to stdout, the status to stderr.

    Exit code 0 for a success, 4 for 401 and 403, 3 for 404, 5 for 502 to 504, else 1.
    """
    session = open_session(context, data, as_json=as_json)
    if not path.startswith("/") or path.startswith("//"):
        raise usage("must start with one /.", "path", "For example /reading-list/v1/books.")
    content, extra = _content(body), _headers(headers or [], has_body=body is not None)
    gateway = _gateway_url(session, kind)
    issued = issue(session, app, kind, scope)
    status = _send(session, gateway, issued["access_token"], (method, path, content, extra))
    if code := exit_code_of(status):
        raise typer.Exit(code)


def _send(
    session: Session,
    gateway: str,
    token: str,
    request: tuple[str, str, bytes | None, dict[str, str]],
) -> int:
    import httpx2

    method, path, content, headers = request
    local = urlsplit(gateway).hostname in LOOPBACK
    try:
        with (
            session.management.open(gateway, token, local=local) as client,
            client.stream(method.upper(), gateway + path, content=content, headers=headers) as got,
        ):
            if session.terminal.as_json:
                session.terminal.document(_document(got))
            else:
                _write(session, got)
            return got.status_code
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise unreachable(
            f"the gateway at {gateway} can not be reached: {type(error).__name__}.",
            "Run `gatewright doctor`.",
        ) from None


def _write(session: Session, got: "httpx2.Response") -> None:
    session.terminal.say(f"HTTP {got.status_code} {clean(got.reason_phrase)}")
    challenge = got.headers.get("WWW-Authenticate")
    if challenge:
        session.terminal.say(clean(f"WWW-Authenticate: {challenge}"))
    if sys.stdout.isatty():
        session.terminal.write(clean_lines(_bounded(got).decode(errors="replace")))
        return
    for part in got.iter_bytes():
        sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()


def _document(got: "httpx2.Response") -> dict[str, Any]:
    content = _bounded(got)
    told: dict[str, Any] = {"status": got.status_code, "headers": dict(got.headers)}
    try:
        return {**told, "body": content.decode()}
    except UnicodeDecodeError:
        return {**told, "body_base64": base64.b64encode(content).decode()}


def _bounded(got: "httpx2.Response") -> bytes:
    content = b""
    for part in got.iter_bytes():
        content += part
        if len(content) > _BODY_BYTES_MAX:
            break
    return content[:_BODY_BYTES_MAX]


def _gateway_url(session: Session, kind: Kind) -> str:
    urls = session.management.get("/status")["urls"]
    return str(urls["gateway"][kind.value]).rstrip("/")


def _content(body: str | None) -> bytes | None:
    if body is None or not body.startswith("@"):
        return None if body is None else body.encode()
    if body == "@-":
        return sys.stdin.buffer.read()
    try:
        return Path(body[1:]).read_bytes()
    except OSError as error:
        reason = f"{body[1:]} can not be read: {error.strerror}."
        raise usage(reason, "--data-body", "Give TEXT, @FILE or @-.") from None


def _headers(lines: list[str], *, has_body: bool) -> dict[str, str]:
    headers = {"Content-Type": "application/json"} if has_body else {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or not line.isprintable() or not line.isascii():
            raise usage("is not NAME:VALUE.", "--header", "For example -H 'Accept: text/csv'.")
        if name.strip().lower() == "authorization":
            raise usage(
                "Authorization is set by this command.", "--header", "Use curl to send your own."
            )
        headers = {key: kept for key, kept in headers.items() if key.lower() != name.lower()}
        headers[name.strip()] = value.strip()
    return headers
