"""`gatewright domain`: hosts of one's own for an environment, with certificates."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import segment
from gatewright.interfaces.cli.commands.apis import items_of
from gatewright.interfaces.cli.failure import usage
from gatewright.interfaces.cli.live import wait_until_live
from gatewright.interfaces.cli.options import Data, Json, NoWait, Yes
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean

_FILE_BYTES_MAX = 65_536
Host = Annotated[
    str, typer.Argument(metavar="HOST", help="Such as api.example.com or *.example.com.")
]
Certificate = Annotated[
    Path,
    typer.Option(
        "--certificate", metavar="FILE", exists=True, dir_okay=False,
        help="PEM: the certificate, then its intermediates.",
    ),
]  # fmt: skip
Key = Annotated[
    Path,
    typer.Option(
        "--key", metavar="FILE", exists=True, dir_okay=False,
        help="PEM: its private key, without a password.",
    ),
]  # fmt: skip


def add(
    context: typer.Context,
    host: Host,
    certificate: Certificate,
    key: Key,
    *,
    environment: Annotated[
        str, typer.Option("--environment", help="The environment it leads to.")
    ] = "production",
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Let an environment answer to a host of yours.

    The private key is stored sealed and never shown.
    """
    session = open_session(context, data, as_json=as_json)
    body = {"host": host, "environment": environment, **_pair(certificate, key)}
    answer = session.management.post("/domains", body)
    made = dict(answer.body)
    live = wait_until_live(session, answer.sequence, no_wait=no_wait)
    result = {**made, "live": live.document}
    live.check(result)

    def show() -> None:
        words = f"{made['host']} leads to {made['environment']}; {live.words}"
        session.terminal.write(clean(words))
        _tell_next(session, made)

    session.answer(result, show)


def list_domains(context: typer.Context, *, data: Data = None, as_json: Json = False) -> None:
    """List the hosts, where they lead, and until when their certificates are valid."""
    session = open_session(context, data, as_json=as_json)
    found = session.management.get("/domains")

    def show() -> None:
        session.terminal.table(
            ("HOST", "ENVIRONMENT", "URL", "CERTIFICATE UNTIL"),
            [
                (
                    item["host"],
                    item["environment"],
                    item["url"],
                    item["expires_at"] + ("  renew it" if item["expires_soon"] else ""),
                )
                for item in items_of(found)
            ],
        )

    session.answer(found, show)


def renew(
    context: typer.Context,
    host: Host,
    certificate: Certificate,
    key: Key,
    *,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Give a host another certificate, without a pause."""
    session = open_session(context, data, as_json=as_json)
    path = f"/domains/{segment(host)}/certificate"
    answer = session.management.send("PUT", path, body=_pair(certificate, key))
    made = dict(answer.body)
    live = wait_until_live(session, answer.sequence, no_wait=no_wait)
    result = {**made, "live": live.document}
    live.check(result)

    def show() -> None:
        words = f"{made['host']} has a certificate until {made['expires_at']}; {live.words}"
        session.terminal.write(clean(words))

    session.answer(result, show)


def remove(
    context: typer.Context,
    host: Host,
    *,
    yes: Yes = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Answer to a host no more."""
    session = open_session(context, data, as_json=as_json)
    session.confirm(f"Calls by {host} will find nobody.", host, yes=yes)
    session.management.send("DELETE", f"/domains/{segment(host)}")
    session.answer({"removed": host}, lambda: session.terminal.write(f"{clean(host)} is removed"))


def _pair(certificate: Path, key: Path) -> dict[str, str]:
    return {
        "certificate": _text(certificate, "--certificate"),
        "private_key": _text(key, "--key"),
    }


def _text(path: Path, option: str) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_FILE_BYTES_MAX + 1).decode("ascii")
    except (OSError, UnicodeDecodeError):
        raise usage(f"{path} can not be read as PEM.", option, "Give a PEM file.") from None


def _tell_next(session: Session, made: dict[str, Any]) -> None:
    session.terminal.say(f"calls go to {clean(made['url'])}, once the name leads to this gateway")
