"""Answers that hold a secret for this once: shown before anything else can go wrong."""

from collections.abc import Callable

from gatewright.interfaces.cli.client import Answer
from gatewright.interfaces.cli.failure import CommandFailed
from gatewright.interfaces.cli.live import Live, wait_until_live
from gatewright.interfaces.cli.session import Session


def show_then_wait(
    session: Session, answer: Answer, show: Callable[[], None], *, no_wait: bool
) -> Live:
    """Show the answer, and wait until the gateways have it in force.

    Raises CommandFailed when they have not; with `--json` the answer is part of its document.
    """
    found = dict(answer.body)
    if not session.terminal.as_json:
        show()
    try:
        live = wait_until_live(session, answer.sequence, no_wait=no_wait)
        live.check({})
    except CommandFailed as error:
        error.extra |= {"made": found}
        raise
    if session.terminal.as_json:
        session.terminal.document(found)
    return live
