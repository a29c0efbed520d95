"""Revocations of all tokens of an application at once, and which gateways must refuse them."""

from dataclasses import dataclass

from gatewright.access.actions import Action
from gatewright.control import applications, subjects
from gatewright.control.desk import Desk
from gatewright.domain.application import Application
from gatewright.domain.credential import Credential
from gatewright.domain.environment import Kind
from gatewright.domain.errors import NotFound


@dataclass(frozen=True, slots=True)
class Revoked:
    """An application and those of its credentials whose tokens ended."""

    application: Application
    credentials: tuple[Credential, ...]


def of_application(desk: Desk, reference: str, kind: Kind | None = None) -> Revoked:
    """End every token of an application, or those of one kind. Raises Denied, NotFound.

    The credentials stay: with their secrets there are new tokens at once.
    """
    desk.demand(Action.WRITE_CREDENTIALS)
    application = applications.named(desk, reference)
    wanted = {"application_id": application.id} | ({} if kind is None else {"kind": kind})
    found = desk.tx.credentials.find(**wanted)
    if not found:
        what = "no keys" if kind is None else f"no keys for {kind}"
        raise NotFound(
            f"{application.handle} has {what}, so that it has no tokens.", "kind", "Check the name."
        )
    renewed = tuple(subjects.renew(desk, item) for item in found)
    desk.record("applications.revoke-tokens", application.id, handle=application.handle, kind=kind)
    return Revoked(application, renewed)


def environment_ids(desk: Desk) -> frozenset[str]:
    """The environments whose gateways a revocation must reach."""
    found = desk.tx.environments.find(organization_id=desk.organization.id)
    return frozenset(item.id for item in found)
