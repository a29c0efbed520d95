"""What the gateways report: which are connected, what is in force on them, what was left out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

HEARTBEAT = timedelta(seconds=5)
"""How long a gateway's report may stand before it is written again, though nothing differs."""

ABSENT_AFTER = timedelta(seconds=20)
"""A connected gateway that reported nothing for so long is taken to be gone with its reporter."""

FORGOTTEN_AFTER = timedelta(days=7)
"""A gateway that nothing was heard of for so long is listed no more."""


@dataclass(frozen=True, slots=True)
class GatewayNode:
    """One Envoy. `applied_sequence` is the change up to which everything is in force there.

    `rejection` is Envoy's own text of the last resource it refused (NACK), or empty.
    """

    id: str
    environment_ids: frozenset[str]
    connected: bool
    seen_at: datetime
    version: str
    applied_sequence: int
    rejection: str
    revision: int = 1

    def present(self, now: datetime) -> bool:
        """Connected, and heard of lately."""
        return self.connected and now - self.seen_at < ABSENT_AFTER


@dataclass(frozen=True, slots=True)
class ApiFault:
    """Why an API's deployment is not served as asked; `id` is `<api>/<environment>`.

    `serving` tells whether its last good revision keeps serving.
    """

    id: str
    organization_id: str
    api_id: str
    environment_id: str
    reason: str
    serving: bool
    at: datetime
    revision: int = 1
