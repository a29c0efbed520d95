"""`gatewright api import`: reads an OpenAPI document here and sends its text."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import segment
from gatewright.interfaces.cli.commands.apis import write_operations, write_scopes, write_warnings
from gatewright.interfaces.cli.failure import CommandFailed, usage
from gatewright.interfaces.cli.options import Data, Json
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import bold, clean

DOCUMENT_BYTES_MAX = 10_000_000
_FETCH_SECONDS = 20.0


def import_api(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(metavar="FILE|URL", help="An OpenAPI document; - reads standard input."),
    ],
    *,
    path: Annotated[
        str | None, typer.Option("--context", metavar="/PATH", help="First part of its address.")
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", metavar="vX.Y", help="Version in its address.")
    ] = None,
    upstream: Annotated[
        str | None, typer.Option("--upstream", metavar="URL", help="Base URL of the service.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Instead of the title.")] = None,
    handle: Annotated[str | None, typer.Option("--handle", help="Its name in commands.")] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Change the API that has this context and version.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be, and change nothing.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Import an OpenAPI document as an API.

    Swagger 2.0, OpenAPI 3.0 or 3.1, as YAML or JSON. Nothing is reachable before it is deployed.
    """
    session = open_session(context, data, as_json=as_json)
    body = {
        "document": read_document(session, source),
        "context": path,
        "version": version,
        "upstream": upstream,
        "name": name,
        "handle": handle,
        "update": update,
        "dry_run": dry_run,
    }
    wanted = {key: value for key, value in body.items() if value is not None}
    result = session.management.post("/apis/import", wanted).body
    session.answer(result, lambda: _write(session, result))


def read_document(session: Session, source: str) -> str:
    """The document's text from a file, a URL or standard input. Raises CommandFailed."""
    if source == "-":
        content = sys.stdin.buffer.read(DOCUMENT_BYTES_MAX + 1)
    elif source.lower().startswith(("http://", "https://")):
        content = _fetch(session, source)
    else:
        content = _read(Path(source))
    if len(content) > DOCUMENT_BYTES_MAX:
        reason = f"is larger than {DOCUMENT_BYTES_MAX // 1_000_000} MB."
        raise CommandFailed(reason, "document", "Split it into several APIs.", "too-large")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        reason = "is not UTF-8 text."
        raise CommandFailed(reason, "document", "Save it as UTF-8.", "invalid") from None
    if not text.strip():
        raise CommandFailed("is empty.", "document", "Give an OpenAPI document.", "invalid")
    return text


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(DOCUMENT_BYTES_MAX + 1)
    except OSError as error:
        raise usage(
            f"{path} can not be read: {error.strerror}.",
            "document",
            "Give the path or URL of an OpenAPI document, or - for standard input.",
        ) from None


def _fetch(session: Session, url: str) -> bytes:
    """The document behind a URL, fetched without any token of ours."""
    import httpx2

    found = b""
    try:
        with (
            httpx2.Client(
                transport=session.transport,
                follow_redirects=True,
                max_redirects=5,
                timeout=_FETCH_SECONDS,
            ) as client,
            client.stream("GET", url) as response,
        ):
            if not response.is_success:
                reason = f"{url} answered with status {response.status_code}."
                raise CommandFailed(reason, "document", "Check the URL.", "not-fetched")
            for part in response.iter_bytes():
                found += part
                if len(found) > DOCUMENT_BYTES_MAX:
                    break
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise CommandFailed(
            f"{url} can not be fetched: {error or type(error).__name__}.",
            "document",
            "Check the URL, or save the document and give its path.",
            "not-fetched",
        ) from None
    return found


def _write(session: Session, result: dict[str, Any]) -> None:
    terminal, api = session.terminal, result["api"]
    verb = "imported" if result["created"] else "updated"
    if result["dry_run"]:
        verb = f"would be {verb}; nothing was changed"
    terminal.say(f"{bold(clean(api['name']))} {verb} as {clean(api['reference'])}")
    terminal.say(f"context {clean(api['context'])}, version {clean(api['version'])}")
    for name, url in api["upstreams"].items():
        terminal.say(f"upstream of {clean(name)}: {clean(url)}")
    write_operations(terminal, api["operations"])
    if api["scopes"]:
        terminal.write()
        write_scopes(terminal, api["scopes"])
    for operation in result["removed_operations"]:
        terminal.say(f"removed: {clean(operation)}")
    write_warnings(terminal, result["warnings"])
    if not result["dry_run"]:
        # The bare handle is the newest version, which need not be the one imported just now.
        newest = session.management.get(f"/apis/{segment(api['handle'])}")
        is_newest = newest["id"] == api["id"]
        terminal.next_step("api", "deploy", api["handle"] if is_newest else api["reference"])
