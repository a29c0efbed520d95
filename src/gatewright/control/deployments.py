"""Deployments: immutable revisions of an API, put into environments and taken out again."""

from dataclasses import dataclass, replace

from gatewright.access.actions import Action
from gatewright.control import apis, definitions, environments
from gatewright.control.desk import Desk
from gatewright.control.findings import Finding, refuse
from gatewright.control.fitting import fitting
from gatewright.domain import address, ids
from gatewright.domain.api import HISTORY_MAX, Api, Deployment, Past, Revision, upstream_url
from gatewright.domain.environment import Environment
from gatewright.domain.errors import Conflict, Invalid, NotFound
from gatewright.domain.lifecycle import LISTED
from gatewright.domain.limit import NO_LIMITS, Limits


@dataclass(frozen=True, slots=True)
class Target:
    """Where a revision shall be served, from which upstream, within which limits."""

    environment: Environment
    upstream: str
    limits: Limits


def revisions(desk: Desk, api: Api, after: str | None, limit: int) -> list[Revision]:
    """A page of the API's revisions, oldest first."""
    desk.demand(Action.READ_APIS)
    return desk.tx.revisions.page(after=after, limit=limit, api_id=api.id)


def deploy(
    desk: Desk,
    reference: str,
    *,
    environment: str | None = None,
    number: int | None = None,
    upstream: str | None = None,
) -> Api:
    """Deploy revision `number`, or what the definition holds now; no environment means each.

    Raises Conflict without an upstream, Refused with what the gateway could not serve.
    """
    desk.demand(Action.DEPLOY)
    api = apis.named(desk, reference)
    apis.refuse_retired(api)
    if upstream is not None:
        upstream = upstream_url(upstream)
    targets = (
        environments.everything(desk)
        if environment is None
        else [environments.named(desk, environment)]
    )
    plans = [_target(api, target, upstream) for target in targets]
    revision = _newest_for(desk, api) if number is None else numbered(desk, api, number)
    return _put(desk, api, revision, plans)


def promote(
    desk: Desk, reference: str, source: str, target: str, upstream: str | None = None
) -> Api:
    """Deploy to `target` the revision that `source` serves, with the target's own upstream and
    limits. Raises Conflict where it has no upstream, or where both are one environment."""
    desk.demand(Action.DEPLOY)
    api = apis.named(desk, reference)
    apis.refuse_retired(api)
    origin = environments.named(desk, source, "from")
    environment = environments.named(desk, target, "to")
    if environment.id == origin.id:
        reason = f"{api.reference} would be promoted from {origin.handle} to itself."
        raise Conflict(reason, "to", "Name another environment.")
    if upstream is not None:
        upstream = upstream_url(upstream)
    deployment = in_environment(desk, api, origin, "from")
    plan = _target(api, environment, upstream)
    (revision,) = desk.tx.revisions.find(id=deployment.revision_id)
    return _put(desk, api, revision, [plan], promoted_from=origin.handle)


def undeploy(desk: Desk, reference: str, environment_name: str) -> Api:
    """Take it out of an environment. Raises Conflict for the last one of a listed API."""
    desk.demand(Action.DEPLOY)
    api = apis.named(desk, reference)
    environment = environments.named(desk, environment_name)
    deployment = in_environment(desk, api, environment, "environment")
    if api.state in LISTED and desk.tx.deployments.count(api_id=api.id) == 1:
        raise Conflict(
            f"{api.reference} is {api.state} and served nowhere else.",
            "environment",
            "Move it to CREATED, BLOCKED or RETIRED first.",
        )
    desk.tx.deployments.remove(deployment.id)
    desk.record("apis.undeploy", api.id, reference=api.reference, environment=environment.handle)
    return api


def in_environment(desk: Desk, api: Api, environment: Environment, field: str) -> Deployment:
    """The API's deployment there. Raises NotFound naming `field`."""
    found = desk.tx.deployments.find(api_id=api.id, environment_id=environment.id)
    if not found:
        raise NotFound(
            f"{api.reference} is not deployed to {environment.handle}.", field, "Deploy it first."
        )
    return found[0]


def _target(api: Api, environment: Environment, given: str | None) -> Target:
    upstream = given or api.upstreams.get(environment.id)
    if not upstream:
        raise Conflict(
            f"{api.reference} has no upstream for {environment.handle}.",
            "upstream",
            f"Set one: gatewright api edit {api.reference} --environment {environment.handle}"
            " --upstream https://books.internal:8443/api",
        )
    return Target(environment, upstream, api.limits.get(environment.id, NO_LIMITS))


def _newest_for(desk: Desk, api: Api) -> Revision:
    """The newest revision if it holds the present definition, else a new one.

    Revisions go only with their API, so that their count is the newest one's number.
    """
    number = desk.tx.revisions.count(api_id=api.id)
    digest = definitions.digest(api.definition)
    if number:
        newest = numbered(desk, api, number)
        if newest.digest == digest:
            return newest
    return desk.tx.revisions.add(
        Revision(
            ids.new_id("rev", desk.world),
            api.organization_id,
            api.id,
            number + 1,
            digest,
            api.definition,
            desk.world.now(),
        )
    )


def numbered(desk: Desk, api: Api, number: int) -> Revision:
    """The API's revision of that number. Raises NotFound."""
    found = desk.tx.revisions.find(api_id=api.id, number=number)
    if not found:
        raise NotFound(
            f"{api.reference} has no revision {number}.", "revision", "List its revisions."
        )
    return found[0]


def check(desk: Desk, api: Api, revision: Revision, targets: list[Target]) -> None:
    """Raise Refused with what a gateway could not serve, Invalid for an address of our own."""
    findings: list[Finding] = []
    for target in targets:
        _refuse_own_address(desk, target.upstream)
        findings += desk.deploy_check(
            desk.organization, api, revision.definition, target.environment, target.upstream
        )
    refuse(findings, "api", "Correct the definition or the upstream, then deploy again.")


def _put(
    desk: Desk,
    api: Api,
    revision: Revision,
    plans: list[Target],
    promoted_from: str | None = None,
) -> Api:
    check(desk, api, revision, plans)
    for plan in plans:
        _write(desk, api, revision, plan)
        desk.record(
            "apis.deploy",
            api.id,
            reference=api.reference,
            environment=plan.environment.handle,
            revision=revision.number,
            upstream=plan.upstream,
            promoted_from=promoted_from,
        )
    upstreams = {**api.upstreams, **{plan.environment.id: plan.upstream for plan in plans}}
    if upstreams == api.upstreams:
        return api
    return desk.tx.apis.replace(replace(api, upstreams=upstreams, updated_at=desk.world.now()))


def _refuse_own_address(desk: Desk, upstream: str) -> None:
    """Raise Invalid when calls would come back to this installation, in a circle or from inside."""
    own = desk.addresses
    urls = {own.management, own.sts, own.portal, own.console}
    urls |= {environment.gateway_url for environment in desk.tx.environments.find()}
    if address.place(upstream) in {address.place(url) for url in urls}:
        raise Invalid(
            f"{upstream[:200]!r} leads back to this installation.",
            "upstream",
            "Give the address of the service behind the API.",
        )


def _write(desk: Desk, api: Api, revision: Revision, plan: Target) -> None:
    now, limits = desk.world.now(), fitting(plan.limits, revision.definition)
    found = desk.tx.deployments.find(api_id=api.id, environment_id=plan.environment.id)
    if found:
        changed = replace(
            found[0],
            revision_id=revision.id,
            upstream=plan.upstream,
            limits=limits,
            deployed_at=now,
            history=history_of(found[0], revision, plan.upstream),
        )
        desk.tx.deployments.replace(changed)
        return
    desk.tx.deployments.add(
        Deployment(
            id=ids.new_id("dep", desk.world),
            organization_id=api.organization_id,
            api_id=api.id,
            environment_id=plan.environment.id,
            revision_id=revision.id,
            upstream=plan.upstream,
            deployed_at=now,
            limits=limits,
        )
    )


def history_of(deployment: Deployment, revision: Revision, upstream: str) -> tuple[Past, ...]:
    """What it will have served before, once it serves that revision from that upstream."""
    present = Past(deployment.revision_id, deployment.upstream)
    if present == Past(revision.id, upstream):
        return deployment.history
    return (present, *deployment.history)[:HISTORY_MAX]
