"""Subscriptions: an application's right to call an API's major version, under a plan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gatewright.access.actions import Action
from gatewright.control import apis, applications, plans
from gatewright.control.desk import Desk, expect
from gatewright.domain import ids
from gatewright.domain.api import Api
from gatewright.domain.application import Application
from gatewright.domain.errors import Conflict, NotFound
from gatewright.domain.lifecycle import SUBSCRIBABLE
from gatewright.domain.plan import Plan
from gatewright.domain.subscription import Subscription


@dataclass(frozen=True, slots=True)
class SubscriptionSheet:
    """A subscription with the application and the plan that it names."""

    subscription: Subscription
    application: Application
    plan: Plan


def page(
    desk: Desk,
    after: str | None,
    limit: int,
    application: str | None = None,
    api: str | None = None,
) -> list[Subscription]:
    """A page of subscriptions, of one application or to one API's major version where given."""
    desk.demand(Action.READ_SUBSCRIPTIONS)
    conditions: dict[str, object] = {"organization_id": desk.organization.id}
    seen = applications.visible_ids(desk)
    if application is not None:
        conditions["application_id"] = applications.named(desk, application).id
    elif seen is not None:
        conditions["application_id"] = seen
    if api is not None:
        target = apis.named(desk, api)
        conditions["api_handle"] = target.handle
        if ":" in api or api == target.id:
            conditions["api_major"] = target.major
    if conditions.get("application_id") == ():
        return []
    return desk.tx.subscriptions.page(after=after, limit=limit, **conditions)


def sheets(desk: Desk, rows: Sequence[Subscription]) -> list[SubscriptionSheet]:
    """What stands around subscriptions, with two queries."""
    wanted = tuple({row.application_id for row in rows})
    found = desk.tx.applications.find(id=wanted) if wanted else []
    by_id = {application.id: application for application in found}
    known = {plan.id: plan for plan in plans.everything(desk)}
    return [SubscriptionSheet(row, by_id[row.application_id], known[row.plan_id]) for row in rows]


def named(desk: Desk, id: str) -> Subscription:
    """The subscription of that id. Raises NotFound, for those of unseen applications too."""
    desk.demand(Action.READ_SUBSCRIPTIONS)
    found = desk.tx.subscriptions.get(id)
    application = None if found is None else desk.tx.applications.get(found.application_id)
    if found is None or application is None or not applications.sees(desk, application):
        raise NotFound(
            f"There is no subscription {id[:80]!r}.", "subscription", "List the subscriptions."
        )
    return found


def create(
    desk: Desk, application_name: str, api_name: str, plan_name: str | None = None
) -> Subscription:
    """Subscribe. Raises Conflict when it is subscribed already, or the API takes no new ones."""
    desk.demand(Action.WRITE_SUBSCRIPTIONS)
    application = applications.named(desk, application_name)
    api = _subscribable(desk, api_name)
    plan = plans.named(desk, plan_name)
    taken = desk.tx.subscriptions.count(
        application_id=application.id, api_handle=api.handle, api_major=api.major
    )
    if taken:
        raise Conflict(
            f"{application.handle} is subscribed to {api.handle} v{api.major} already.",
            "api",
            "Change its plan, or unsubscribe first.",
        )
    subscription = desk.tx.subscriptions.add(
        Subscription(
            id=ids.new_id("sub", desk.world),
            organization_id=desk.organization.id,
            application_id=application.id,
            api_handle=api.handle,
            api_major=api.major,
            plan_id=plan.id,
            blocked=False,
            created_at=desk.world.now(),
        )
    )
    desk.record(
        "subscriptions.create",
        subscription.id,
        application=application.handle,
        api=f"{api.handle}:v{api.major}",
        plan=plan.name,
    )
    return subscription


def _subscribable(desk: Desk, name: str) -> Api:
    """The API by its reference; a bare handle means its newest version that can be subscribed."""
    api = apis.named(desk, name)
    if name == api.handle:
        for version in apis.versions(desk, api.handle):
            if version.state in SUBSCRIBABLE:
                return version
    if api.state not in SUBSCRIBABLE:
        raise Conflict(
            f"{api.reference} is {api.state} and takes no new subscriptions.",
            "api",
            "Publish it first." if desk.may(Action.PUBLISH) else "Ask its publisher.",
        )
    return api


def edit(
    desk: Desk,
    id: str,
    *,
    plan_name: str | None = None,
    blocked: bool | None = None,
    expected: int | None = None,
) -> Subscription:
    """Change plan or block; both act on tokens that are out already. Raises NotFound, Stale."""
    desk.demand(Action.WRITE_SUBSCRIPTIONS)
    subscription = named(desk, id)
    expect(subscription.revision, expected)
    changed = subscription
    if plan_name is not None:
        changed = replace(changed, plan_id=plans.named(desk, plan_name).id)
    if blocked is not None and blocked != subscription.blocked:
        desk.demand(Action.BLOCK_SUBSCRIPTIONS)
        changed = replace(changed, blocked=blocked)
    if changed == subscription:
        return subscription
    saved = desk.tx.subscriptions.replace(changed)
    desk.record("subscriptions.edit", saved.id, plan=plan_name, blocked=saved.blocked)
    return saved


def delete(desk: Desk, id: str, expected: int | None = None) -> None:
    """Unsubscribe; calls with tokens that are out already are refused at once."""
    desk.demand(Action.WRITE_SUBSCRIPTIONS)
    subscription = named(desk, id)
    expect(subscription.revision, expected)
    desk.tx.subscriptions.remove(subscription.id)
    desk.record(
        "subscriptions.delete",
        subscription.id,
        api=f"{subscription.api_handle}:v{subscription.api_major}",
    )
