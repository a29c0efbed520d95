"""`gatewright gateway`: what an operator does with the Envoy of this machine."""

import typer

from gatewright.interfaces.cli.options import Data, Json
from gatewright.interfaces.cli.session import open_session
from gatewright.interfaces.cli.terminal import clean


def restart(context: typer.Context, *, data: Data = None, as_json: Json = False) -> None:
    """Let a new Envoy take over from the running one, without losing a call.

    For another version of Envoy, once `pip install` has brought it.
    """
    session = open_session(context, data, as_json=as_json)
    result = session.hooks.restart_gateway(session.folder.root)

    def show() -> None:
        session.terminal.write(
            f"Envoy {clean(str(result['version']))} has taken over, as process {result['pid']};"
            " the one before ends when its calls have ended"
        )
        if not result["hot"]:
            session.terminal.say("It could not be handed the sockets: see the howto on restarts.")

    session.answer(dict(result), show)
