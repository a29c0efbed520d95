"""Lifecycle moves of an API and what each asks for; which moves there are, `domain` says."""

from dataclasses import replace

from gatewright.access.actions import Action
from gatewright.control import apis
from gatewright.control.desk import Desk, expect
from gatewright.domain.api import Api
from gatewright.domain.errors import Conflict
from gatewright.domain.lifecycle import LISTED, State, check_move


def move(desk: Desk, reference: str, target: State, expected: int | None = None) -> Api:
    """Move an API to a state. Raises Conflict for a move that is not allowed now.

    What is listed must be callable, so that PRE-RELEASED, PUBLISHED and DEPRECATED ask for a
    deployment. RETIRED takes every deployment away and is final.
    """
    desk.demand(Action.PUBLISH)
    api = apis.named(desk, reference)
    expect(api.revision, expected)
    check_move(api.state, target)
    if target in LISTED and not desk.tx.deployments.count(api_id=api.id):
        raise Conflict(
            f"{api.reference} is not deployed anywhere, so that nobody could call it.",
            "state",
            "Deploy it first.",
        )
    if target is State.RETIRED:
        for deployment in desk.tx.deployments.find(api_id=api.id):
            desk.tx.deployments.remove(deployment.id)
    changed = replace(api, state=target)
    return apis.save(desk, api, changed, "apis.move", old_state=api.state, state=target)
