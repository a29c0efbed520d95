"""`gatewright subscription approve`, `reject`, `block` and `unblock`, and `app block`."""

from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import Answer, segment
from gatewright.interfaces.cli.commands.applications import application_path
from gatewright.interfaces.cli.failure import CommandFailed, not_found
from gatewright.interfaces.cli.live import wait_until_live
from gatewright.interfaces.cli.options import ApiName, AppName, Data, Json, NoWait
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean


def approve(
    context: typer.Context,
    app: AppName,
    api: ApiName,
    *,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Approve a pending subscription: its calls pass at once."""
    session = open_session(context, data, as_json=as_json)
    answer = session.management.post(f"{_path(session, app, api)}/approval")
    _finish(session, answer, no_wait=no_wait)


def reject(
    context: typer.Context,
    app: AppName,
    api: ApiName,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; its owner is shown this.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Refuse a pending subscription."""
    session = open_session(context, data, as_json=as_json)
    path = f"{_path(session, app, api)}/rejection"
    _finish(session, session.management.post(path, {"reason": reason}), no_wait=True)


def block(
    context: typer.Context,
    app: AppName,
    api: ApiName,
    *,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Block a subscription: its calls are refused at once, tokens that are out included."""
    session = open_session(context, data, as_json=as_json)
    _block(session, _path(session, app, api), blocked=True, no_wait=no_wait)


def unblock(
    context: typer.Context,
    app: AppName,
    api: ApiName,
    *,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Unblock a subscription."""
    session = open_session(context, data, as_json=as_json)
    _block(session, _path(session, app, api), blocked=False, no_wait=no_wait)


def block_application(
    context: typer.Context,
    app: AppName,
    *,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Block an application: it gets no tokens, and its calls are refused at once."""
    session = open_session(context, data, as_json=as_json)
    _block_application(session, app, blocked=True, no_wait=no_wait)


def unblock_application(
    context: typer.Context,
    app: AppName,
    *,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Unblock an application."""
    session = open_session(context, data, as_json=as_json)
    _block_application(session, app, blocked=False, no_wait=no_wait)


def _path(session: Session, app: str, api: str) -> str:
    """The path of the one subscription of that application to that API."""
    page = session.management.items("/subscriptions", {"application": app, "api": api}, 2)
    if not page["items"]:
        reason = f"{app} is not subscribed to {api}."
        raise not_found(reason, "subscription", "See `gatewright subscription list`.")
    if len(page["items"]) > 1:
        reason = f"{app} is subscribed to several versions of {api}."
        raise CommandFailed(reason, "api", "Name one, such as books:v1.0.", "conflict")
    return f"/subscriptions/{segment(page['items'][0]['id'])}"


def _block(session: Session, path: str, *, blocked: bool, no_wait: bool) -> None:
    answer = session.management.send("PATCH", path, body={"blocked": blocked})
    _finish(session, answer, no_wait=no_wait)


def _finish(session: Session, answer: Answer, *, no_wait: bool) -> None:
    found: dict[str, Any] = answer.body
    live = wait_until_live(session, answer.sequence, no_wait=no_wait)
    result = {"subscription": found, "live": live.document}
    live.check(result)

    def show() -> None:
        who = f"{found['application']} to {found['api_handle']} v{found['api_major']}"
        session.terminal.write(clean(f"the subscription of {who} is {found['state']}"))
        if live.asked:
            session.terminal.say(live.words)

    session.answer(result, show)


def _block_application(session: Session, app: str, *, blocked: bool, no_wait: bool) -> None:
    path = application_path(session, app)
    answer = session.management.send("PATCH", path, body={"blocked": blocked})
    live = wait_until_live(session, answer.sequence, no_wait=no_wait)
    result = {"application": answer.body, "live": live.document}
    live.check(result)

    def show() -> None:
        word = "blocked" if answer.body["blocked"] else "active"
        session.terminal.write(f"{clean(answer.body['handle'])} is {word}")
        session.terminal.say(live.words)

    session.answer(result, show)
