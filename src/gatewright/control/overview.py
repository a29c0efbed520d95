"""How much there is: counts that an actor may see."""

from dataclasses import dataclass

from gatewright.access.actions import Action
from gatewright.control import applications
from gatewright.control.desk import Desk
from gatewright.domain.lifecycle import LISTED


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows of each noun."""

    apis: int
    applications: int
    subscriptions: int


def counts(desk: Desk) -> Counts:
    """Counts of the organization; what the actor may not see is not counted."""
    desk.demand(Action.READ_APIS)
    own: dict[str, object] = {"organization_id": desk.organization.id}
    seen: dict[str, object] = dict(own)
    if not desk.may(Action.READ_DRAFTS):
        seen["state"] = tuple(sorted(LISTED))
    mine = applications.visible_ids(desk)
    subscribed = own if mine is None else own | {"application_id": mine}
    return Counts(
        desk.tx.apis.count(**seen),
        desk.tx.applications.count(**applications.visible(desk)),
        0 if mine == () else desk.tx.subscriptions.count(**subscribed),
    )
