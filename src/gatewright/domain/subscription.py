"""A subscription: an application may call all minor versions of an API's major version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatewright.domain.errors import Invalid
from gatewright.domain.lifecycle import State


class Standing(StrEnum):
    """What stands between a subscription and a call, or nothing: ACTIVE."""

    ACTIVE = "active"
    PENDING = "pending"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    APPLICATION_BLOCKED = "application-blocked"
    API_BLOCKED = "api-blocked"
    API_RETIRED = "api-retired"


OWN_STANDINGS = (Standing.ACTIVE, Standing.PENDING, Standing.REJECTED, Standing.BLOCKED)
"""Those that a subscription has by itself, whatever becomes of application and API."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Names the API by handle and major version, so that a new minor version is covered at once.

    A `pending` one waits for the approval of the API's owner and opens nothing yet; with a
    `rejection`, the reason, it was refused and waits for nothing.
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
    rejection: str = ""

    @property
    def standing(self) -> Standing:
        """Its own, one of OWN_STANDINGS."""
        if self.pending:
            return Standing.REJECTED if self.rejection else Standing.PENDING
        return Standing.BLOCKED if self.blocked else Standing.ACTIVE

    def effective(self, versions: Sequence[State], *, application_blocked: bool) -> Standing:
        """What a caller meets; `versions` are the states of the API's versions it covers."""
        if self.standing is not Standing.ACTIVE:
            return self.standing
        if application_blocked:
            return Standing.APPLICATION_BLOCKED
        living = [state for state in versions if state is not State.RETIRED]
        if not living:
            return Standing.API_RETIRED
        blocked = all(state is State.BLOCKED for state in living)
        return Standing.API_BLOCKED if blocked else Standing.ACTIVE


def parse_standing(value: str) -> Standing:
    """One of OWN_STANDINGS by its name in any case. Raises Invalid."""
    for standing in OWN_STANDINGS:
        if value.casefold() == standing:
            return standing
    names = ", ".join(OWN_STANDINGS)
    raise Invalid(f"{value[:40]!r} is no state of a subscription.", "state", f"Use {names}.")
