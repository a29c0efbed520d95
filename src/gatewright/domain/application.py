"""An application: a consumer's program, which subscribes and holds credentials."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Application:
    """`allowed_scopes` None allows every scope of the subscribed APIs; names short or qualified.

    `owner_id` is the user that made it, and stays when that user is gone: ids are never reused.
    """

    id: str
    organization_id: str
    handle: str
    name: str
    description: str
    allowed_scopes: frozenset[str] | None
    blocked: bool
    created_at: datetime
    owner_id: str
    revision: int = 1
