"""`gatewright app binding`: whether an application's tokens must be bound to a key of its own."""

from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.commands.applications import application_path
from gatewright.interfaces.cli.failure import usage
from gatewright.interfaces.cli.options import AppName, Data, Json, Kind, KindOption
from gatewright.interfaces.cli.session import Session, open_session

_FLAGS = ("dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens")


def change(
    context: typer.Context,
    app: AppName,
    *,
    kind: KindOption = Kind.PRODUCTION,
    dpop: Annotated[
        bool | None, typer.Option("--dpop/--no-dpop", help="Demand a DPoP proof for each token.")
    ] = None,
    certificate: Annotated[
        bool | None,
        typer.Option("--certificate/--no-certificate", help="Demand a TLS client certificate."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Demand that each token is bound to a key of the application, or no longer.

    Tokens that are out stay as they are.
    """
    session = open_session(context, data, as_json=as_json)
    given = dict(zip(_FLAGS, (dpop, certificate), strict=True))
    body = {flag: value for flag, value in given.items() if value is not None}
    if not body:
        raise usage("there is nothing to change.", "options", "Give --dpop or --certificate.")
    path = f"{application_path(session, app)}/credentials/{kind.value}"
    found = session.management.send("PATCH", path, body=body).body
    session.answer(found, lambda: _write(session, found))


def _write(session: Session, found: Any) -> None:
    rows = [(flag, "yes" if found[flag] else "no") for flag in _FLAGS]
    session.terminal.table(("SETTING", "VALUE"), rows)
