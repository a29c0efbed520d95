"""How much there is: counts that an actor may see."""

from dataclasses import dataclass

from gatewright.access.actions import Action
from gatewright.control.desk import Desk
from gatewright.domain.lifecycle import LISTED


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows of each noun."""

    apis: int
    applications: int
    subscriptions: int


def counts(desk: Desk) -> Counts:
    """Counts of the organization; APIs that the actor may not see are not counted."""
    desk.demand(Action.READ_APIS)
    own = {"organization_id": desk.organization.id}
    seen: dict[str, object] = dict(own)
    if not desk.may(Action.READ_DRAFTS):
        seen["state"] = tuple(sorted(LISTED))
    return Counts(
        desk.tx.apis.count(**seen),
        desk.tx.applications.count(**own),
        desk.tx.subscriptions.count(**own),
    )
