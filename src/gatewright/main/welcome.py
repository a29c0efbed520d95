"""What is said when everything runs: addresses, the owner's link, a call to copy, next steps."""

import json
import os
import shutil
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatewright import __version__
from gatewright.interfaces.cli.folder import folder_of
from gatewright.main.addresses import Addresses
from gatewright.main.folder import Folder
from gatewright.main.prepared import Prepared
from gatewright.main.talk import Talk

_SAMPLE_CALL_SECONDS = 10


@dataclass(frozen=True)
class Start:
    """All that the words are made of."""

    folder: Folder
    addresses: Addresses
    prepared: Prepared
    talk: Talk


def welcome(start: Start) -> None:
    """The first start: everything a stranger needs for the first secured call."""
    say, bold, addresses = start.talk.say, start.talk.bold, start.addresses
    say()
    say(f"  Portal    {bold(addresses.control_url)}")
    say(f"  Console   {bold(addresses.control_url + '/console')}")
    say(f"  Gateway   {bold(addresses.gateway_urls['production'])}  (production)")
    say(f"            {addresses.gateway_urls['sandbox']}  (development)")
    say(f"  Tokens    {addresses.sts_url}/sts/default/production/token")
    if start.prepared.sign_in_code is not None:
        say("  Owner sign-in (single use, 30 min):")
        say(f"            {addresses.control_url}/welcome/{start.prepared.sign_in_code.reveal()}")
    command = _command(start.folder)
    if start.prepared.sample:
        token = _sample_token(start)
        say()
        if token is None:
            say("Try it, with a token from the command below.")
        else:
            say("Try it: an hour-long token is already in this command.")
        say()
        say(
            f'  curl -H "Authorization: Bearer {token or "TOKEN"}"'
            f" {addresses.gateway_urls['production']}/reading-list/v1.0/books"
        )
        say()
        say("Without the token you get 401; POST needs books:write and gives 403.")
        say("Fresh token any time:")
        say()
        say(f"  {command} token demo-app --scope books:write")
    say()
    say(f"Next:  {command} api import ./openapi.yaml     publish your own API")
    say(f"       {command} doctor                        check this installation")
    say(f"Logs in {start.folder.logs} · Ctrl-C stops, data stays")


def second_start(start: Start) -> None:
    """A later start: one line, and no secret."""
    counts, addresses = start.prepared.counts, start.addresses
    seconds = start.talk.seconds()
    start.talk.say(
        f"  ready in {seconds:.1f} s · {_counted(counts['apis'], 'API')},"
        f" {_counted(counts['applications'], 'application')}"
        f" · Portal {addresses.control_url} · Gateway {addresses.gateway_urls['production']}"
        " · Ctrl-C stops, data stays"
    )


def farewell(talk: Talk, *, ephemeral: bool) -> None:
    """What Ctrl-C does."""
    talk.say()
    talk.say("stopping; the data " + ("goes with it" if ephemeral else "stays"))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _command(folder: Folder) -> str:
    """How the command line is called from where the user stands now."""
    found, own = shutil.which("gatewright"), Path(sys.executable).with_name("gatewright")
    name = "gatewright"
    if found is None or Path(found).resolve() != own.resolve():
        near = own.is_relative_to(Path.cwd())
        name = str(own.relative_to(Path.cwd()) if near else own)
    if folder.root == folder_of(None, os.environ, Path.cwd()).root:
        return name
    if os.environ.get("GATEWRIGHT_DATA") == str(folder.root):
        return name
    return f"GATEWRIGHT_DATA={folder.root} {name}"


def _sample_token(start: Start) -> str | None:
    """A token as any consumer gets it, through the management API's token desk.

    None when there is none now: what runs is not ended for the lack of an example.
    """
    body = json.dumps({"kind": "production", "scope": "books:read"}).encode()
    request = urllib.request.Request(  # noqa: S310 - our own http address
        f"{start.addresses.local_urls['control']}/api/v1/applications/demo-app/tokens",
        body,
        {
            "Authorization": f"Bearer {start.folder.cli_token.read_text().strip()}",
            "Content-Type": "application/json",
            "User-Agent": f"gatewright/{__version__}",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=_SAMPLE_CALL_SECONDS) as answer:  # noqa: S310
            issued: dict[str, Any] = json.load(answer)
        return str(issued["access_token"])
    except (OSError, ValueError, KeyError):
        return None
