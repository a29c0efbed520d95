"""Lifecycle moves of an API and what each asks for; which moves there are, `domain` says."""

from dataclasses import replace
from datetime import datetime

from gatewright.access.actions import Action
from gatewright.control import apis
from gatewright.control.desk import Desk, expect
from gatewright.domain.api import Api
from gatewright.domain.errors import Conflict, Invalid
from gatewright.domain.lifecycle import LISTED, State, check_move, check_sunset


def move(
    desk: Desk,
    reference: str,
    target: State,
    expected: int | None = None,
    *,
    deprecated_at: datetime | None = None,
    sunset_at: datetime | None = None,
) -> Api:
    """Move an API to a state. Raises Conflict for a move that is not allowed now.

    What is listed must be callable, so that PRE-RELEASED, PUBLISHED and DEPRECATED ask for a
    deployment. RETIRED takes every deployment away and is final. The dates belong to DEPRECATED
    (raises Invalid with others): since when, which is now unless it is said, and until when.
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
    changed = _dated(desk, replace(api, state=target), deprecated_at, sunset_at)
    if target is State.RETIRED:
        for deployment in desk.tx.deployments.find(api_id=api.id):
            desk.tx.deployments.remove(deployment.id)
    return apis.save(
        desk, api, changed, "apis.move", old_state=api.state, state=target,
        deprecated_at=_day(changed.deprecated_at), sunset_at=_day(changed.sunset_at),
    )  # fmt: skip


def _dated(desk: Desk, api: Api, deprecated_at: datetime | None, sunset_at: datetime | None) -> Api:
    """With the dates of its deprecation; what is published again is not deprecated any more."""
    if api.state is State.DEPRECATED:
        since = deprecated_at or api.deprecated_at or desk.world.now()
        until = sunset_at or api.sunset_at
        check_sunset(since, until)
        return replace(api, deprecated_at=since, sunset_at=until)
    if deprecated_at or sunset_at:
        field = "deprecated_at" if deprecated_at else "sunset_at"
        raise Invalid(f"{api.state} has no such date.", field, "Give it with state DEPRECATED.")
    if api.state in (State.BLOCKED, State.RETIRED):
        return api
    return replace(api, deprecated_at=None, sunset_at=None)


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
