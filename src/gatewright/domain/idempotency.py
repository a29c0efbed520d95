"""An answer kept for a repeated create: the same Idempotency-Key gets the same answer again."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """`id` and `sealed_body` derive from the client's key, so that the store can not read it."""

    id: str
    organization_id: str
    fingerprint: str
    status: int
    sealed_body: bytes
    created_at: datetime

    def __repr__(self) -> str:
        return f"KeptAnswer(id={self.id[:8]!r}…, status={self.status})"
