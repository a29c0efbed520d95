"""What the gateways report, cut to what an organization may see of it."""

from dataclasses import dataclass

from gatewright.access.actions import Action
from gatewright.control.desk import Desk
from gatewright.domain.observed import ApiFault, GatewayNode


@dataclass(frozen=True, slots=True)
class Live:
    """Whether everything up to `sequence` is in force on every connected gateway."""

    live: bool
    sequence: int
    nodes: tuple[GatewayNode, ...]


def nodes(desk: Desk) -> list[GatewayNode]:
    """The gateways that serve an environment of this organization."""
    desk.demand(Action.READ_GATEWAYS)
    return _own_nodes(desk)


def _own_nodes(desk: Desk) -> list[GatewayNode]:
    found = desk.tx.environments.find(organization_id=desk.organization.id)
    own = frozenset(environment.id for environment in found)
    return [node for node in desk.tx.gateway_nodes.find() if node.environment_ids & own]


def faults(desk: Desk) -> list[ApiFault]:
    """The deployments that a gateway does not serve as asked."""
    desk.demand(Action.READ_GATEWAYS)
    return desk.tx.api_faults.find(organization_id=desk.organization.id)


def live(desk: Desk, sequence: int) -> Live:
    """Compare a write's sequence with what the gateways have applied.

    Everybody may ask, so that a subscriber can wait until the first call will pass; gateways that
    are away do not hold the answer up, and without any connected gateway nothing is live.
    """
    desk.demand(Action.READ_SETTINGS)
    connected = [node for node in _own_nodes(desk) if node.connected]
    done = bool(connected) and all(node.applied_sequence >= sequence for node in connected)
    shown = tuple(connected) if desk.may(Action.READ_GATEWAYS) else ()
    return Live(done, sequence, shown)
