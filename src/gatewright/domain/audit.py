"""An audit record: who changed what, written in the transaction of the change itself."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """`actor` is a user's id, or `system`; `detail` is small, flat and free of secrets."""

    id: str
    organization_id: str
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, str]
