"""Waits until a part answers, and says with its own last words why it does not."""

import asyncio
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from gatewright.domain.errors import Unavailable
from gatewright.main.folder import Folder
from gatewright.main.talk import Talk

_SECONDS_MAX = 30.0
_PAUSE_SECONDS = 0.02
_LAST_WORDS_CHARACTERS = 600


@dataclass(frozen=True)
class Part:
    """A process that answers HTTP: what people call it, its log's name, where it answers on this
    machine, and the public URL that is shown."""

    name: str
    log: str
    url: str
    shown: str


async def wait_until_ready(part: Part, folder: Folder, talk: Talk | None) -> None:
    """Return when it answers anything at all. Raises Unavailable with the log's end after 30 s."""
    if talk is None:
        await _wait(part, folder)
        return
    with talk.step(part.name) as words:
        await _wait(part, folder)
        words.append(part.shown)


async def _wait(part: Part, folder: Folder) -> None:
    deadline = asyncio.get_running_loop().time() + _SECONDS_MAX
    while not await _answers(part.url):
        if asyncio.get_running_loop().time() > deadline:
            raise Unavailable(
                f"the {part.name} did not answer in {_SECONDS_MAX:.0f} s."
                f" Its log ends: {last_words(folder, part.log)}",
                part.log,
            )
        await asyncio.sleep(_PAUSE_SECONDS)


async def _answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(2):
            tls = _anyone() if parts.scheme == "https" else None
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=tls)
            request = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            writer.write(f"{request}Connection: close\r\n\r\n".encode())
            answer = await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return answer.startswith(b"HTTP/1.1 ")


def _anyone() -> ssl.SSLContext:
    """Whether it answers is asked, on this machine, not who it is: its certificate names others."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def last_words(folder: Folder, name: str) -> str:
    """The end of a part's log, in one line."""
    try:
        text = (folder.logs / f"{name}.log").read_text(errors="replace")
    except OSError:
        return "(no log)"
    return " ⏎ ".join(text[-_LAST_WORDS_CHARACTERS:].split("\n")).strip(" ⏎") or "(empty)"
