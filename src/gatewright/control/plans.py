"""Subscription plans: how they are listed, made, changed and deleted. Changes act at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gatewright.access.actions import Action
from gatewright.control.desk import Desk, expect
from gatewright.domain import ids, plan, text
from gatewright.domain.errors import Conflict, NotFound
from gatewright.domain.plan import DEFAULT_PLAN, PLANS_MAX, Plan


@dataclass(frozen=True, slots=True)
class Usage:
    """A plan and how many subscriptions are on it."""

    plan: Plan
    subscription_count: int


def everything(desk: Desk) -> list[Plan]:
    """All plans, in the order of their making."""
    desk.demand(Action.READ_SETTINGS)
    return desk.tx.plans.find(organization_id=desk.organization.id)


def named(desk: Desk, name: str | None) -> Plan:
    """The plan of that id or name, in any case; the default one for None. Raises NotFound."""
    known = everything(desk)
    wanted = DEFAULT_PLAN if name is None else name
    for row in known:
        if wanted == row.id or wanted.casefold() == row.name.casefold():
            return row
    names = ", ".join(row.name for row in known)
    raise NotFound(f"There is no plan {wanted[:80]!r}.", "plan", f"Use one of {names}.")


def usage(desk: Desk, row: Plan) -> Usage:
    """How much a plan is used."""
    count = desk.tx.subscriptions.count(organization_id=desk.organization.id, plan_id=row.id)
    return Usage(row, count)


def create(desk: Desk, name: str, given: Mapping[str, Any]) -> Plan:
    """Make a plan; `given` are fields of Plan. Raises Invalid, Conflict for a name taken."""
    desk.demand(Action.WRITE_PLANS)
    known = everything(desk)
    if len(known) >= PLANS_MAX:
        raise Conflict(f"There are {PLANS_MAX} plans already.", "plans", "Delete one first.")
    label = _free(known, plan.plan_name(name))
    blank = Plan(ids.new_id("plan", desk.world), desk.organization.id, label, None, "minute",
                 desk.world.now())  # fmt: skip
    row = desk.tx.plans.add(_with(blank, given))
    desk.record("plans.create", row.id, name=row.name, **_told(row))
    return row


def edit(
    desk: Desk,
    reference: str,
    given: Mapping[str, Any],
    name: str | None = None,
    expected: int | None = None,
) -> Plan:
    """Change what is given, in force at once for every subscription. Raises Invalid, Stale…"""
    desk.demand(Action.WRITE_PLANS)
    row = named(desk, reference)
    expect(row.revision, expected)
    changed = _with(row, given)
    if name is not None and name != row.name:
        others = [item for item in everything(desk) if item.id != row.id]
        changed = replace(changed, name=_free(others, plan.plan_name(name)))
    if changed == row:
        return row
    saved = desk.tx.plans.replace(changed)
    desk.record("plans.edit", saved.id, name=saved.name, **_told(saved))
    return saved


def delete(desk: Desk, reference: str, expected: int | None = None) -> None:
    """Delete a plan. Raises Conflict, with their number, while subscriptions are on it."""
    desk.demand(Action.WRITE_PLANS)
    row = named(desk, reference)
    expect(row.revision, expected)
    count = usage(desk, row).subscription_count
    if count:
        noun = "subscription is" if count == 1 else "subscriptions are"
        raise Conflict(
            f"{count} {noun} on plan {row.name}.", "plan", "Move them to another plan first."
        )
    desk.tx.plans.remove(row.id)
    desk.record("plans.delete", row.id, name=row.name)


def _with(row: Plan, given: Mapping[str, Any]) -> Plan:
    changed = replace(row, **given)
    if changed.burst_count is None:
        changed = replace(changed, burst_seconds=1)
    text.description(changed.description)
    return plan.checked(changed)


def _free(others: list[Plan], name: str) -> str:
    if name.casefold() in {item.name.casefold() for item in others}:
        raise Conflict(f"There is a plan {name!r}.", "name", "Choose another name.")
    return name


def _told(row: Plan) -> dict[str, object]:
    """What an audit record says of it."""
    return {
        "request_count": "unlimited" if row.request_count is None else row.request_count,
        "unit": row.unit,
        "burst": None if row.burst_count is None else f"{row.burst_count}/{row.burst_seconds}s",
        "stop_on_quota": row.stop_on_quota,
    }
