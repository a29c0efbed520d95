"""Rollbacks: an environment serves again what it served before; the definition stays as it is."""

from dataclasses import dataclass, replace

from gatewright.access.actions import Action
from gatewright.control import apis, deployments, environments
from gatewright.control.deployments import Target
from gatewright.control.desk import Desk
from gatewright.control.fitting import fitting
from gatewright.domain.api import Api, Deployment, Past, Revision
from gatewright.domain.environment import Environment
from gatewright.domain.errors import Conflict


@dataclass(frozen=True, slots=True)
class _Way:
    """Where to, and what is left of the history then."""

    revision: Revision
    upstream: str
    history: tuple[Past, ...]


def roll_back(desk: Desk, reference: str, environment_name: str, number: int | None = None) -> Api:
    """Serve what was served there before, or revision `number`, with the limits in force now.

    The upstream is the one that it had then; a revision that was not served there lately gets the
    present one. A second rollback goes one step further back. Raises Conflict where nothing was
    served before, NotFound where nothing is served or for a revision that there is not.
    """
    desk.demand(Action.DEPLOY)
    api = apis.named(desk, reference)
    apis.refuse_retired(api)
    environment = environments.named(desk, environment_name)
    present = deployments.in_environment(desk, api, environment, "environment")
    if number is None:
        way = _back(desk, api, environment, present)
    else:
        way = _to(desk, api, environment, present, number)
    limits = fitting(present.limits, way.revision.definition)
    deployments.check(desk, api, way.revision, [Target(environment, way.upstream, limits)])
    desk.tx.deployments.replace(
        replace(
            present,
            revision_id=way.revision.id,
            upstream=way.upstream,
            limits=limits,
            deployed_at=desk.world.now(),
            history=way.history,
        )
    )
    (left,) = desk.tx.revisions.find(id=present.revision_id)
    desk.record(
        "apis.roll-back", api.id, reference=api.reference, environment=environment.handle,
        revision=way.revision.number, old_revision=left.number, upstream=way.upstream,
    )  # fmt: skip
    return api


def _back(desk: Desk, api: Api, environment: Environment, present: Deployment) -> _Way:
    if not present.history:
        raise Conflict(
            f"{api.reference} served nothing else in {environment.handle} before.",
            "environment",
            "List its revisions, and name one with to_revision.",
        )
    past, *rest = present.history
    (revision,) = desk.tx.revisions.find(id=past.revision_id)
    return _Way(revision, past.upstream, tuple(rest))


def _to(desk: Desk, api: Api, environment: Environment, present: Deployment, number: int) -> _Way:
    revision = deployments.numbered(desk, api, number)
    for place, past in enumerate(present.history):
        if past.revision_id == revision.id:
            return _Way(revision, past.upstream, present.history[place + 1 :])
    if revision.id == present.revision_id:
        raise Conflict(
            f"{environment.handle} serves revision {number} of {api.reference} already.",
            "to_revision",
            "Name another one.",
        )
    history = deployments.history_of(present, revision, present.upstream)
    return _Way(revision, present.upstream, history)
