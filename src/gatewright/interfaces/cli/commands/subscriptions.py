"""`gatewright subscribe` and `unsubscribe`: which application may call which API, on which plan."""

from typing import Annotated

import typer

from gatewright.interfaces.cli.client import Answer, segment
from gatewright.interfaces.cli.commands.applications import write_subscriptions
from gatewright.interfaces.cli.failure import CommandFailed, not_found
from gatewright.interfaces.cli.live import wait_until_live
from gatewright.interfaces.cli.options import ApiName, AppName, Data, Json, Limit, NoWait
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean


def subscribe(
    context: typer.Context,
    app: AppName,
    api: ApiName,
    *,
    plan: Annotated[
        str | None, typer.Option("--plan", help="A plan's name; see `gatewright plan list`.")
    ] = None,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Subscribe an application to an API.

    The subscription covers every minor version of the API's major version. One that exists
    already moves to the --plan given. Where the API asks for approval it is pending at first.
    Waits until the gateways have it in force.
    """
    session = open_session(context, data, as_json=as_json)
    answer = _subscribe(session, app, api, plan)
    live = wait_until_live(session, answer.sequence, no_wait=no_wait)
    result = {"subscription": answer.body, "live": live.document}
    live.check(result)

    def show() -> None:
        found = answer.body
        covered = f"{clean(found['api_handle'])} v{found['api_major']}.x"
        words = "waits for approval to call" if found["pending"] else "may call"
        session.terminal.write(
            f"{clean(found['application'])} {words} {covered} on plan {clean(found['plan'])}"
        )
        session.terminal.say(live.words)
        if found["pending"]:
            session.terminal.say("a publisher of the API approves or rejects it")
            return
        session.terminal.next_step("token", found["application"])

    session.answer(result, show)


def _subscribe(session: Session, app: str, api: str, plan: str | None) -> Answer:
    """A new subscription, or the one that exists with its plan changed."""
    body: dict[str, object] = {"application": app, "api": api}
    if plan is not None:
        body["plan"] = plan
    try:
        return session.management.post("/subscriptions", body)
    except CommandFailed as error:
        if error.code != "conflict" or plan is None:
            raise
        page = session.management.items("/subscriptions", {"application": app, "api": api}, 2)
        if len(page["items"]) != 1:
            raise
    path = f"/subscriptions/{segment(page['items'][0]['id'])}"
    return session.management.send("PATCH", path, body={"plan": plan})


def unsubscribe(
    context: typer.Context,
    app: AppName,
    api: ApiName,
    *,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """End a subscription.

    Tokens that are out already are refused at once.
    """
    session = open_session(context, data, as_json=as_json)
    page = session.management.items("/subscriptions", {"application": app, "api": api}, 100)
    if not page["items"]:
        raise not_found(
            f"{app} is not subscribed to {api}.",
            "subscription",
            "See `gatewright subscription list`.",
        )
    sequence = None
    for item in page["items"]:
        answer = session.management.send("DELETE", f"/subscriptions/{segment(item['id'])}")
        sequence = answer.sequence if answer.sequence is not None else sequence
    live = wait_until_live(session, sequence, no_wait=no_wait)
    result = {"unsubscribed": page["items"], "live": live.document}
    live.check(result)

    def show() -> None:
        for item in page["items"]:
            words = f"{item['application']} may no longer call {item['api_handle']}"
            session.terminal.write(f"{clean(words)} v{item['api_major']}.x")
        session.terminal.say(live.words)

    session.answer(result, show)


def list_subscriptions(
    context: typer.Context,
    *,
    app: Annotated[str | None, typer.Option("--app", help="Only of this application.")] = None,
    api: Annotated[str | None, typer.Option("--api", help="Only to this API.")] = None,
    state: Annotated[
        str | None,
        typer.Option("--state", help="Only active, pending, rejected or blocked ones."),
    ] = None,
    limit: Limit = 1000,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List the subscriptions, each with what its calls meet.

    Also application-blocked, api-blocked and api-retired are shown as states: these are not the
    subscription's own, and no filter.
    """
    session = open_session(context, data, as_json=as_json)
    query = {"application": app, "api": api, "state": state}
    page = session.management.items("/subscriptions", query, limit)

    def show() -> None:
        write_subscriptions(session.terminal, page["items"])
        if page["next_cursor"]:
            session.terminal.say(f"There are more than {limit}; see --limit.")

    session.answer(page, show)
