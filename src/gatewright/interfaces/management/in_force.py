"""Answers to revocations: done only once the connected gateways have it, 202 when they are late."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from gatewright.control import revocations
from gatewright.control.desk import Desk
from gatewright.domain.errors import Unavailable
from gatewright.interfaces.management.caller import (
    SEQUENCE_HEADER,
    Caller,
    answer_of,
    respond,
)
from gatewright.store.applied import Applied

LATE: dict[int | str, dict[str, Any]] = {
    202: {"description": "Written, and not yet in force at every connected gateway: ask /live."}
}


def write(caller: Caller, work: Callable[[Desk], Callable[[bool], BaseModel]]) -> Response:
    """Do some writing, wait for the gateways, and answer with what it gives for live or not."""

    def counted(desk: Desk) -> tuple[Callable[[bool], BaseModel], int]:
        return work(desk), desk.tx.sequence

    shown, sequence = caller.commit(counted)
    return answer(caller, shown, sequence)


def answer(caller: Caller, shown: Callable[[bool], BaseModel], sequence: int) -> Response:
    """The answer to what was written up to `sequence`, after waiting for the gateways."""
    live = _reached(caller, sequence)
    given = answer_of(shown(live), 200 if live else 202)
    return respond(given, {SEQUENCE_HEADER: str(sequence)})


def _reached(caller: Caller, sequence: int) -> bool:
    """It is written whatever happens here: a database that goes away now only leaves it open."""
    deps = caller.deps
    try:
        environment_ids = caller.look(revocations.environment_ids)
        return Applied(deps.store, deps.world.now).wait(environment_ids, sequence)
    except Unavailable:
        return False
