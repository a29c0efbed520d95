"""Environments: how they are listed and named. They are founded with the organization."""

from gatewright.access.actions import Action
from gatewright.control.desk import Desk
from gatewright.domain.api import Api
from gatewright.domain.environment import Environment
from gatewright.domain.errors import NotFound


def everything(desk: Desk) -> list[Environment]:
    """All environments in the order of promotion."""
    desk.demand(Action.READ_SETTINGS)
    found = desk.tx.environments.find(organization_id=desk.organization.id)
    return sorted(found, key=lambda item: (item.position, item.id))


def named(desk: Desk, name: str, field: str = "environment") -> Environment:
    """The one of that id or handle, or the only one of that kind. Raises NotFound."""
    known = everything(desk)
    by_kind = [item for item in known if item.kind == name]
    for item in known:
        if name in (item.id, item.handle) or by_kind == [item]:
            return item
    handles = ", ".join(item.handle for item in known)
    raise NotFound(f"There is no environment {name[:80]!r}.", field, f"Use one of {handles}.")


def call_url(environment: Environment, api: Api) -> str:
    """Where calls of that API go, without the operation's path."""
    return f"{environment.gateway_url}{api.context}/{api.version}"
