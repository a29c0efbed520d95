"""Subscriptions: an application's right to call an API's major version, under a plan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gatewright.access.actions import Action
from gatewright.control import apis, applications, plans
from gatewright.control.desk import Desk, expect
from gatewright.domain import ids
from gatewright.domain.api import Api
from gatewright.domain.application import Application
from gatewright.domain.errors import Conflict, Denied, NotFound
from gatewright.domain.lifecycle import SUBSCRIBABLE, State
from gatewright.domain.plan import Plan
from gatewright.domain.subscription import Standing, Subscription

_PAGE = 200
"""Rows read at once while those of one state are looked for."""
_CONDITIONS: dict[Standing, dict[str, object]] = {
    Standing.ACTIVE: {"pending": False, "blocked": False},
    Standing.PENDING: {"pending": True},
    Standing.REJECTED: {"pending": True},
    Standing.BLOCKED: {"pending": False, "blocked": True},
}


@dataclass(frozen=True, slots=True)
class SubscriptionSheet:
    """A subscription with the application and the plan that it names, and what it opens now."""

    subscription: Subscription
    application: Application
    plan: Plan
    standing: Standing


def page(
    desk: Desk,
    after: str | None,
    limit: int,
    application: str | None = None,
    api: str | None = None,
    standing: Standing | None = None,
) -> list[Subscription]:
    """A page of subscriptions, of one application or to one API's major version where given.

    `standing` is one of their own, which application and API do not matter to.
    """
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
    if standing is None:
        return desk.tx.subscriptions.page(after=after, limit=limit, **conditions)
    return _standing(desk, after, limit, standing, {**conditions, **_CONDITIONS[standing]})


def _standing(
    desk: Desk, after: str | None, limit: int, standing: Standing, conditions: dict[str, object]
) -> list[Subscription]:
    found: list[Subscription] = []
    while len(found) < limit:
        rows = desk.tx.subscriptions.page(after=after, limit=_PAGE, **conditions)
        found += [row for row in rows if row.standing is standing]
        if len(rows) < _PAGE:
            break
        after = rows[-1].id
    return found[:limit]


def sheets(desk: Desk, rows: Sequence[Subscription]) -> list[SubscriptionSheet]:
    """What stands around subscriptions, with three queries."""
    wanted = tuple({row.application_id for row in rows})
    found = desk.tx.applications.find(id=wanted) if wanted else []
    by_id = {application.id: application for application in found}
    known = {plan.id: plan for plan in plans.everything(desk)}
    states = _states(desk, tuple({row.api_handle for row in rows}))
    sheets = []
    for row in rows:
        application = by_id[row.application_id]
        versions = states.get((row.api_handle, row.api_major), [])
        standing = row.effective(versions, application_blocked=application.blocked)
        sheets.append(SubscriptionSheet(row, application, known[row.plan_id], standing))
    return sheets


def _states(desk: Desk, handles: tuple[str, ...]) -> dict[tuple[str, int], list[State]]:
    """States of all versions of these handles, by handle and major version."""
    found: dict[tuple[str, int], list[State]] = {}
    if handles:
        for api in desk.tx.apis.find(organization_id=desk.organization.id, handle=handles):
            found.setdefault((api.handle, api.major), []).append(api.state)
    return found


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
    """Subscribe; it is pending where the API asks for approval. One that was rejected asks anew.

    Raises Conflict when it is subscribed already, or the API takes no new ones.
    """
    desk.demand(Action.WRITE_SUBSCRIPTIONS)
    application = applications.named(desk, application_name)
    api = _subscribable(desk, api_name)
    plan = plans.named(desk, plan_name)
    pending = needs_approval(desk, api.handle, api.major)
    taken = desk.tx.subscriptions.find(
        application_id=application.id, api_handle=api.handle, api_major=api.major
    )
    if taken and taken[0].standing is Standing.REJECTED:
        asked = replace(taken[0], plan_id=plan.id, pending=pending, rejection="")
        return _recorded(desk, desk.tx.subscriptions.replace(asked), application, plan)
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
            pending=pending,
        )
    )
    return _recorded(desk, subscription, application, plan)


def _recorded(desk: Desk, row: Subscription, application: Application, plan: Plan) -> Subscription:
    desk.record(
        "subscriptions.create",
        row.id,
        application=application.handle,
        api=f"{row.api_handle}:v{row.api_major}",
        plan=plan.name,
        pending="true" if row.pending else None,
    )
    return row


def needs_approval(desk: Desk, handle: str, major: int) -> bool:
    """Whether any version of it that is not retired asks for approval: a subscription to one
    covers them all, so that none is a way around another."""
    versions = desk.tx.apis.find(organization_id=desk.organization.id, handle=handle)
    return any(
        api.approval_required
        for api in versions
        if api.major == major and api.state is not State.RETIRED
    )


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
    """Change plan or block; both act on tokens that are out already. Raises NotFound, Stale.

    Where the API asks for approval, raises Denied for another plan than the approved one, unless
    the actor may approve.
    """
    desk.demand(Action.WRITE_SUBSCRIPTIONS)
    subscription = named(desk, id)
    expect(subscription.revision, expected)
    changed = subscription
    if plan_name is not None:
        changed = replace(changed, plan_id=plans.named(desk, plan_name).id)
        if changed.plan_id != subscription.plan_id:
            _check_plan_is_free(desk, subscription)
    if blocked is not None and blocked != subscription.blocked:
        desk.demand(Action.BLOCK_SUBSCRIPTIONS)
        changed = replace(changed, blocked=blocked)
    if changed == subscription:
        return subscription
    saved = desk.tx.subscriptions.replace(changed)
    desk.record("subscriptions.edit", saved.id, plan=plan_name, blocked=saved.blocked)
    return saved


def _check_plan_is_free(desk: Desk, subscription: Subscription) -> None:
    approved = not subscription.pending
    if not approved or desk.may(Action.APPROVE_SUBSCRIPTIONS):
        return
    if needs_approval(desk, subscription.api_handle, subscription.api_major):
        raise Denied(
            "The subscription was approved for its present plan.",
            "plan",
            "Ask the API's publisher for another one, or unsubscribe and subscribe anew.",
        )


def delete(desk: Desk, id: str, expected: int | None = None) -> None:
    """Unsubscribe; calls with tokens that are out already are refused at once.

    Raises Denied for a blocked one, unless the actor may block: subscribing anew would free it.
    """
    desk.demand(Action.WRITE_SUBSCRIPTIONS)
    subscription = named(desk, id)
    expect(subscription.revision, expected)
    if subscription.blocked and not desk.may(Action.BLOCK_SUBSCRIPTIONS):
        raise Denied(
            "The subscription is blocked.", "subscription", "Ask the API's publisher to unblock it."
        )
    desk.tx.subscriptions.remove(subscription.id)
    desk.record(
        "subscriptions.delete",
        subscription.id,
        api=f"{subscription.api_handle}:v{subscription.api_major}",
    )
