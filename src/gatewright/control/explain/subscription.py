"""Whether the caller may call the API at all: its application, subscription and plan."""

import re

from gatewright.control.desk import Desk
from gatewright.control.explain.caller import Caller
from gatewright.control.explain.maker import Form, Maker
from gatewright.control.explain.steps import Refused, Walk
from gatewright.control.explain.target import Target
from gatewright.domain.api_key import TEST_SUBJECT
from gatewright.domain.application import Application
from gatewright.domain.plan import Plan
from gatewright.domain.subscription import Standing, Subscription

UNKNOWN, BLOCKED, PENDING = "900908", "900907", "900909"
_BLOCKED_WAY_OUT = "A publisher or administrator lifts that."
_OWN_CLIENT = re.compile(r"[A-Za-z0-9_-]+\.[0-9]+")
"""Subjects of our own tokens, as the gateway tells them where no subscription is needed."""


def check_subscription(desk: Desk, walk: Walk, target: Target, maker: Maker, who: Caller) -> None:
    """Raise Refused unless the application may call the API now."""
    if maker.form is Form.TEST_KEY and who.subject == TEST_SUBJECT:
        walk.ok("application", "A test key is a person's own.")
        walk.ok("subscription", "A test key needs none.")
        walk.ok("plan", "A test key has no limit by plan.")
        return
    if target.definition.access.subscription_required:
        _check_subscriber(desk, walk, target, maker, who)
    else:
        _check_anybody(desk, walk, target, maker, who)


def _check_subscriber(desk: Desk, walk: Walk, target: Target, maker: Maker, who: Caller) -> None:
    if who.application is None:
        raise Refused("application", 403, UNKNOWN, *_nobody(maker, who))
    family = f"{target.api.handle} v{target.api.major}"
    row = _subscription(desk, target, who.application)
    plan = None if row is None else desk.tx.plans.get(row.plan_id)
    walk.ok("application", f"It is of {who.name}.")
    if row is None or plan is None or row.standing is Standing.REJECTED:
        rejected = row is not None and row.standing is Standing.REJECTED
        raise Refused(
            "subscription", 403, UNKNOWN,
            f"The subscription of {who.name} to {family} was rejected." if rejected
            else f"{who.name} is not subscribed to {family}.",
            None if rejected else f"gatewright subscribe APP {target.api.reference}",
        )  # fmt: skip
    if who.application.blocked or row.blocked:
        what = who.name if who.application.blocked else f"The subscription of {who.name}"
        raise Refused("subscription", 403, BLOCKED, f"{what} is blocked.", _BLOCKED_WAY_OUT)
    if row.pending:
        raise Refused(
            "subscription", 403, PENDING, f"The subscription of {who.name} waits for approval.",
            "Ask the publisher of the API to approve it.",
        )  # fmt: skip
    walk.ok("subscription", f"{who.name} is subscribed to {family}.")
    walk.ok("plan", _plan(plan))


def _check_anybody(desk: Desk, walk: Walk, target: Target, maker: Maker, who: Caller) -> None:
    """Where no subscription is needed, one that is blocked keeps its application out still."""
    if who.application is None:
        if not _OWN_CLIENT.fullmatch(who.subject):
            raise Refused("application", 403, UNKNOWN, *_nobody(maker, who))
        walk.ok("application", "It is of a client of ours.")
    else:
        row = _subscription(desk, target, who.application)
        row_blocked = row is not None and row.blocked and row.standing is not Standing.REJECTED
        if who.application.blocked or row_blocked:
            what = who.name if who.application.blocked else f"The subscription of {who.name}"
            raise Refused("subscription", 403, BLOCKED, f"{what} is blocked.", _BLOCKED_WAY_OUT)
        walk.ok("application", f"It is of {who.name}.")
    walk.ok("subscription", f"{target.api.reference} needs none.")
    walk.ok("plan", "Without a subscription there is no plan.")


def _plan(plan: Plan) -> str:
    if plan.request_count is None:
        return f"{plan.name} has no limit."
    return (
        f"{plan.name}: {plan.request_count} calls a {plan.unit}; how many are left, only the"
        " gateway knows (X-RateLimit-Remaining)."
    )


def _subscription(desk: Desk, target: Target, application: Application) -> Subscription | None:
    found = desk.tx.subscriptions.find(
        organization_id=desk.organization.id,
        application_id=application.id,
        api_handle=target.api.handle,
        api_major=target.api.major,
    )
    return found[0] if found else None


def _nobody(maker: Maker, who: Caller) -> tuple[str, str]:
    """Why there is no application, and the way out."""
    if maker.manager is not None:
        handle, name = maker.manager.handle, maker.manager.client_claim
        if not who.subject:
            return f"It names no client: its claim {name} is missing or no text.", (
                f"Look where it does: gatewright key-manager set {handle} --client-claim …"
            )
        client = who.subject.partition("|")[2]
        return f"The client {client[:255]!r} of {handle} is linked to no application.", (
            f"gatewright app client add APP --key-manager {handle} --client-id …"
        )
    if maker.form is Form.API_KEY:
        return "The API key was revoked, or has expired.", "Make another one."
    return "Its credential is gone, or all of its tokens were revoked.", "Get a new token."
