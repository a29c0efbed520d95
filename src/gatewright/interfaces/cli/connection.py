"""Which installation a command talks to, and with whose token; logins are kept here, mode 0600.

A token goes to the URL it was made for and to no other.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gatewright.interfaces.cli.failure import CommandFailed, ExitCode, unreachable, usage
from gatewright.interfaces.cli.folder import Folder, read_line, read_object

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
START = "Run `gatewright up`, or `gatewright login URL` for one that runs elsewhere."


@dataclass(frozen=True)
class Connection:
    """The management API's URL without `/api/v1`, and the personal access token for it."""

    url: str
    token: str | None = field(repr=False)
    source: str

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, where no proxy belongs in between."""
        return urlsplit(self.url).hostname in LOOPBACK


@dataclass(frozen=True)
class Logins:
    """The file of tokens that `gatewright login` got, by URL, and the URL used last."""

    path: Path

    def current(self) -> str | None:
        """The URL logged in to last."""
        url = read_object(self.path).get("current")
        return url if isinstance(url, str) else None

    def token(self, url: str) -> str | None:
        """The token kept for that URL."""
        token = self._tokens().get(url)
        return token if isinstance(token, str) else None

    def keep(self, url: str, token: str) -> None:
        """Keep the token and make the URL current. Raises CommandFailed when it can not."""
        self._write({"current": url, "tokens": {**self._tokens(), url: token}})

    def forget(self, url: str) -> bool:
        """Drop the token of that URL; whether there was one."""
        tokens = self._tokens()
        if tokens.pop(url, None) is None:
            return False
        current = self.current()
        self._write({"current": None if current == url else current, "tokens": tokens})
        return True

    def _tokens(self) -> dict[str, object]:
        tokens = read_object(self.path).get("tokens")
        return dict(tokens) if isinstance(tokens, dict) else {}

    def _write(self, content: dict[str, object]) -> None:
        draft = self.path.with_name(self.path.name + ".new")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(json.dumps(content, indent=2) + "\n")
            draft.replace(self.path)
        except OSError as error:
            raise CommandFailed(
                f"{self.path} can not be written: {error.strerror}.",
                "login",
                "Set XDG_CONFIG_HOME to a folder of yours.",
            ) from None


def logins_of(environment: Mapping[str, str]) -> Logins:
    """The logins of the user (XDG)."""
    home = environment.get("XDG_CONFIG_HOME") or str(Path("~/.config").expanduser())
    return Logins(Path(home) / "gatewright" / "logins.json")


def management_url(text: str) -> str:
    """The text as a base URL without trailing slash. Raises CommandFailed (usage)."""
    way_out = "Write it as http://127.0.0.1:8000 or https://gatewright.example.com."
    try:
        parts = urlsplit(text.strip())
        valid = parts.scheme in ("http", "https") and bool(parts.hostname)
        valid = valid and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid or parts.username or parts.password or parts.query or parts.fragment:
        raise usage("is not the URL of a management API.", "url", way_out)
    return text.strip().rstrip("/").removesuffix("/api/v1")


def connect(folder: Folder, environment: Mapping[str, str], *, explicit: bool) -> Connection:
    """The installation to talk to: GATEWRIGHT_URL; else the data folder if it was asked for
    (`explicit`) or runs; else the last login; else the data folder.

    Raises CommandFailed (unreachable) when there is none.
    """
    logins = logins_of(environment)
    local = folder.management_url()
    given = environment.get("GATEWRIGHT_URL")
    if given and not explicit:
        url = management_url(given)
        kept = logins.token(url) or (folder.token() if url == local else None)
        return Connection(url, _given_token(environment) or kept, "GATEWRIGHT_URL")
    current = logins.current()
    if local and (explicit or not current or any(folder.running().values())):
        return Connection(local, _given_token(environment) or folder.token(), str(folder.root))
    if current and not explicit:
        token = _given_token(environment) or logins.token(current)
        return Connection(current, token, "gatewright login")
    raise unreachable(f"nothing runs from {folder.root}.", START)


def _given_token(environment: Mapping[str, str]) -> str | None:
    path = environment.get("GATEWRIGHT_TOKEN_FILE")
    if path:
        token = read_line(Path(path))
        if token is None:
            reason = f"{path} can not be read or is empty."
            raise CommandFailed(
                reason,
                "GATEWRIGHT_TOKEN_FILE",
                "Put a personal access token into it, in one line.",
                "unauthenticated",
                ExitCode.DENIED,
            )
        return token
    return environment.get("GATEWRIGHT_TOKEN") or None
