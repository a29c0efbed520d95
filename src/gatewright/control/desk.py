"""The desk at which a person acts: one transaction, one organization, one actor, and the ports.

Every function of control takes a Desk. It checks access here, and leaves its audit record here.
"""

from dataclasses import dataclass
from hashlib import sha256

from gatewright.access.actions import Action, allowed
from gatewright.control.ports import DeployCheck
from gatewright.crypto.keyring import Keyring
from gatewright.domain.audit import AuditRecord
from gatewright.domain.errors import Denied, Stale
from gatewright.domain.ids import new_id
from gatewright.domain.organization import Organization
from gatewright.domain.person import User
from gatewright.domain.world import World
from gatewright.store.port import Transaction

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Public URLs of the installation's parts, without trailing slashes; `domains_port` is the
    gateway's for calls by domain name, 0 where there is none."""

    management: str
    sts: str
    portal: str
    console: str
    domains_port: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """All that an action of a person needs. `tx` must be a writing one for what writes."""

    tx: Transaction
    world: World
    keyring: Keyring
    addresses: Addresses
    organization: Organization
    actor: User
    deploy_check: DeployCheck

    def may(self, action: Action) -> bool:
        """Whether the actor's role allows the action."""
        return allowed(self.actor.role, action)

    def demand(self, action: Action) -> None:
        """Raise Denied unless the actor's role allows the action."""
        if not self.may(action):
            raise Denied(
                f"The role {self.actor.role} does not allow {action}.",
                way_out="Ask an administrator of the organization.",
            )

    def record(self, action: str, subject: str, **detail: object) -> None:
        """Leave an audit record in this transaction; `detail` must be free of secrets."""
        record_as(self.tx, self.world, self.organization.id, self.actor.id, action, subject, detail)


def record_as(
    tx: Transaction,
    world: World,
    organization_id: str,
    actor: str,
    action: str,
    subject: str,
    detail: dict[str, object],
) -> None:
    """Leave an audit record where no Desk is yet, such as at sign-in; None details are left out."""
    flat = {key: str(value)[:500] for key, value in detail.items() if value is not None}
    tx.audit_records.add(
        AuditRecord(
            new_id("aud", world), organization_id, world.now(), actor, action, subject, flat
        )
    )


def digest(text: str) -> str:
    """The SHA-256 of what is too long for an audit record, and may still have to be told apart."""
    return sha256(text.encode()).hexdigest()


def expect(revision: int, expected: int | None) -> None:
    """Raise Stale when the caller read another revision (If-Match, RFC 9110 §13.1.1)."""
    if expected is not None and expected != revision:
        raise Stale(
            f"It has changed: revision {revision} is stored, and {expected} was expected.",
            "If-Match",
            "Read it again, then repeat the change.",
        )
