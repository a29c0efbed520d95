"""Approvals: who publishes an API lets a pending subscription in, or refuses it with a reason."""

from dataclasses import replace

from gatewright.access.actions import Action
from gatewright.control import subscriptions
from gatewright.control.desk import Desk, expect
from gatewright.domain import text
from gatewright.domain.errors import Conflict, Invalid
from gatewright.domain.subscription import Subscription


def approve(desk: Desk, id: str, expected: int | None = None) -> Subscription:
    """Let a pending or rejected subscription in, in force at once; an approved one stays so."""
    desk.demand(Action.APPROVE_SUBSCRIPTIONS)
    row = subscriptions.named(desk, id)
    expect(row.revision, expected)
    if not row.pending:
        return row
    saved = desk.tx.subscriptions.replace(replace(row, pending=False, rejection=""))
    desk.record("subscriptions.approve", saved.id, **_told(saved))
    return saved


def reject(desk: Desk, id: str, reason: str, expected: int | None = None) -> Subscription:
    """Refuse a pending subscription; whose it is sees the reason. Raises Conflict, Invalid."""
    desk.demand(Action.APPROVE_SUBSCRIPTIONS)
    row = subscriptions.named(desk, id)
    expect(row.revision, expected)
    told = text.line(reason.strip(), "reason")
    if not told:
        raise Invalid("is empty.", "reason", "Say why: whose subscription it is sees it.")
    if not row.pending:
        raise Conflict("It is approved already.", "subscription", "Block it instead.")
    if row.rejection == told:
        return row
    saved = desk.tx.subscriptions.replace(replace(row, rejection=told))
    desk.record("subscriptions.reject", saved.id, reason=told, **_told(saved))
    return saved


def _told(row: Subscription) -> dict[str, object]:
    return {"application": row.application_id, "api": f"{row.api_handle}:v{row.api_major}"}
