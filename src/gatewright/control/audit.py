"""The audit: who changed what. It can be read and not changed."""

from gatewright.access.actions import Action
from gatewright.control.desk import Desk
from gatewright.domain.audit import AuditRecord


def page(desk: Desk, after: str | None, limit: int) -> list[AuditRecord]:
    """A page of the organization's records, oldest first."""
    desk.demand(Action.READ_AUDIT)
    return desk.tx.audit_records.page(
        after=after, limit=limit, organization_id=desk.organization.id
    )


def actor_names(desk: Desk, records: list[AuditRecord]) -> dict[str, str]:
    """Handles of the users behind the records, by id; who is gone is left out."""
    wanted = tuple({record.actor for record in records})
    found = desk.tx.users.find(id=wanted, organization_id=desk.organization.id) if wanted else []
    return {user.id: user.handle for user in found}
