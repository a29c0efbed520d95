"""A subscription: an application may call all minor versions of an API's major version."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Subscription:
    """Names the API by handle and major version, so that a new minor version is covered at once.

    A `pending` one waits for the approval of the API's owner and opens nothing yet.
    """

    id: str
    organization_id: str
    application_id: str
    api_handle: str
    api_major: int
    plan_id: str
    blocked: bool
    created_at: datetime
    revision: int = 1
    pending: bool = False
