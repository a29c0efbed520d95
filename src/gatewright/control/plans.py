"""Subscription plans: how they are listed and named. They are founded with the organization."""

from gatewright.access.actions import Action
from gatewright.control.desk import Desk
from gatewright.domain.errors import NotFound
from gatewright.domain.plan import DEFAULT_PLAN, Plan


def everything(desk: Desk) -> list[Plan]:
    """All plans, in the order of their making."""
    desk.demand(Action.READ_SETTINGS)
    return desk.tx.plans.find(organization_id=desk.organization.id)


def named(desk: Desk, name: str | None) -> Plan:
    """The plan of that id or name, in any case; the default one for None. Raises NotFound."""
    known = everything(desk)
    wanted = DEFAULT_PLAN if name is None else name
    for plan in known:
        if wanted == plan.id or wanted.casefold() == plan.name.casefold():
            return plan
    names = ", ".join(plan.name for plan in known)
    raise NotFound(f"There is no plan {wanted[:80]!r}.", "plan", f"Use one of {names}.")
