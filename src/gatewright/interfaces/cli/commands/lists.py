"""`gatewright env list` and `audit`: what one only reads."""

import typer

from gatewright.interfaces.cli.options import Data, Json, Limit
from gatewright.interfaces.cli.session import open_session

_RECORDS_MAX = 100_000


def list_environments(
    context: typer.Context, *, limit: Limit = 1000, data: Data = None, as_json: Json = False
) -> None:
    """List the environments."""
    session = open_session(context, data, as_json=as_json)
    page = session.management.items("/environments", {}, limit)

    def show() -> None:
        rows = [(item["handle"], item["kind"], item["gateway_url"]) for item in page["items"]]
        session.terminal.table(("ENVIRONMENT", "KIND", "GATEWAY"), rows)

    session.answer(page, show)


def list_audit(
    context: typer.Context, *, limit: Limit = 50, data: Data = None, as_json: Json = False
) -> None:
    """List who changed what, the newest first."""
    session = open_session(context, data, as_json=as_json)
    # The API tells the oldest first, as its pages must not shift while one reads.
    page = session.management.items("/audit", {}, _RECORDS_MAX)
    page["items"] = page["items"][: -limit - 1 : -1]

    def show() -> None:
        rows = [
            (
                item["at"],
                item["actor_name"] or item["actor"],
                item["action"],
                item["subject"],
                " ".join(f"{name}={value}" for name, value in sorted(item["detail"].items())),
            )
            for item in page["items"]
        ]
        session.terminal.table(("AT", "WHO", "ACTION", "SUBJECT", "DETAIL"), rows)
        if page["next_cursor"]:
            session.terminal.say(f"Only the first {_RECORDS_MAX:,} records were looked at.")

    session.answer(page, show)
