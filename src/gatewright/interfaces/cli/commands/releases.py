"""`gatewright promote`, `rollback`, `revisions` and `api diff`: what is served where."""

from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import Answer, segment
from gatewright.interfaces.cli.commands.apis import items_of, write_warnings
from gatewright.interfaces.cli.failure import ExitCode
from gatewright.interfaces.cli.live import check_faults, wait_until_live
from gatewright.interfaces.cli.options import ApiName, Data, Json, Limit, NoWait
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean


def promote(
    context: typer.Context,
    api: ApiName,
    *,
    source: Annotated[
        str, typer.Option("--from", metavar="ENV", help="The environment that serves it.")
    ],
    target: Annotated[
        str, typer.Option("--to", metavar="ENV", help="The environment that shall serve it.")
    ],
    upstream: Annotated[
        str | None,
        typer.Option("--upstream", metavar="URL", help="Base URL of the service there."),
    ] = None,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Serve in one environment the revision that another one serves.

    With that environment's own upstream and limits. Waits until it is live.
    """
    session = open_session(context, data, as_json=as_json)
    body = {"from": source, "to": target}
    if upstream is not None:
        body["upstream"] = upstream
    answer = session.management.post(f"/apis/{segment(api)}/promotions", body)
    _finish(session, api, target, answer, "is promoted", no_wait=no_wait)


def rollback(
    context: typer.Context,
    api: ApiName,
    *,
    environment: Annotated[
        str, typer.Option("--environment", "-e", metavar="ENV", help="An environment's handle.")
    ],
    to_revision: Annotated[
        int | None, typer.Option("--to-revision", min=1, help="A revision's number.")
    ] = None,
    no_wait: NoWait = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Serve in an environment what it served before.

    The revision before and its upstream; run again, one further back. The definition that is being
    worked on stays as it is. Waits until it is live.
    """
    session = open_session(context, data, as_json=as_json)
    body: dict[str, object] = {"environment": environment}
    if to_revision is not None:
        body["to_revision"] = to_revision
    answer = session.management.post(f"/apis/{segment(api)}/rollbacks", body)
    _finish(session, api, environment, answer, "is rolled back", no_wait=no_wait)


def _finish(
    session: Session, api: str, environment: str, answer: Answer, words: str, *, no_wait: bool
) -> None:
    """Wait, and say what that environment serves now."""
    deployments = items_of(answer.body)
    warnings = answer.body.get("warnings", [])
    live = wait_until_live(session, answer.sequence, no_wait=no_wait)
    result = {"deployments": deployments, "live": live.document, "warnings": warnings}
    live.check(result)
    found = session.management.get(f"/apis/{segment(api)}")
    check_faults(session, found["id"], live, result)

    def show() -> None:
        for item in deployments:
            if environment in (item["environment"], item["kind"]):
                place = f"{item['environment']}: revision {item['revision']} at {item['url']}"
                session.terminal.write(clean(f"{place}, from {item['upstream']}"))
        write_warnings(session.terminal, warnings)
        session.terminal.say(f"{clean(found['reference'])} {words}; {live.words}")

    session.answer(result, show)


def revisions(
    context: typer.Context,
    api: ApiName,
    *,
    limit: Limit = 1000,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List an API's revisions, the newest first, and which environments serve them."""
    session = open_session(context, data, as_json=as_json)
    page = session.management.items(f"/apis/{segment(api)}/revisions", {}, 100_000)
    page["items"] = page["items"][: -limit - 1 : -1]

    def show() -> None:
        rows = [
            (
                item["number"],
                item["created_at"],
                item["operation_count"],
                item["digest"][:12],
                ", ".join(item["environments"]) or "-",
            )
            for item in page["items"]
        ]
        session.terminal.table(("REVISION", "CREATED", "OPERATIONS", "DIGEST", "SERVED IN"), rows)
        if not rows:
            session.terminal.next_step("api", "deploy", api)

    session.answer(page, show)


def diff(
    context: typer.Context,
    api: ApiName,
    before: Annotated[
        str,
        typer.Argument(metavar="FROM", help="A revision's number, an environment, or draft."),
    ],
    after: Annotated[
        str, typer.Argument(metavar="TO", help="The same; draft is what a deploy would freeze.")
    ] = "draft",
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Say what changed between two definitions of an API.

    Operations, what they need, scopes, and how callers show who they are. The exit code is 2 when
    anything did.
    """
    session = open_session(context, data, as_json=as_json)
    query = {"from": before, "to": after}
    found = session.management.get(f"/apis/{segment(api)}/differences", query)
    session.answer(found, lambda: _write_differences(session, found))
    if found["items"]:
        raise typer.Exit(ExitCode.DIFFERENT)


def _write_differences(session: Session, found: dict[str, Any]) -> None:
    signs = {"added": "+", "removed": "-", "changed": "~"}
    for item in found["items"]:
        kind = "" if item["kind"] == "operation" else f"{item['kind']} "
        line = f"{signs[item['change']]} {kind}{item['subject']}: {item['text']}"
        session.terminal.write(clean(line))
    if not found["items"]:
        session.terminal.write("no difference")
